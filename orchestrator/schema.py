"""The columns of the ledger's tables, and the states of a trial. Readers and the recorder share this one file.

Metrics are stored long (one row per metric), so that a method with new loss terms needs no new column.
"""

from enum import StrEnum

import pyarrow as pa


class State(StrEnum):
    """What the ledger says of a trial."""

    RUNNING = "running"  # a process works on it, or died while it did; goes on from its last checkpoint
    FINISHED = "finished"  # trained to its end; the only state that a table reads
    DIVERGED = "diverged"  # the loss became NaN or infinite
    FAILED = "failed"  # raised, or its process died; it may be tried again
    PRUNED = "pruned"  # given up early by a search; goes on from its last epoch where a study needs it whole


UNSUCCESSFUL = (State.DIVERGED, State.FAILED)

TIME = pa.timestamp("ms", tz="UTC")

TRIALS = pa.schema(
    [
        ("trial", pa.string()),  # identity: 16 hex digits
        ("variant", pa.string()),  # identity without the seed
        ("seed", pa.int64()),
        ("method", pa.string()),
        ("dataset", pa.string()),
        ("data_digest", pa.string()),
        ("config", pa.string()),  # the whole declaration as canonical JSON
        ("state", pa.string()),
        ("attempts", pa.int64()),
        ("began_after", pa.list_(pa.int64())),  # of each attempt: the epoch after which it went on; 0 is the start
        ("nodes", pa.list_(pa.string())),  # of each attempt
        ("failures", pa.int64()),  # attempts that failed since a user last asked for it anew
        ("error", pa.string()),  # "ValueError: …", one line; empty while nothing is wrong
        ("traceback", pa.string()),
        ("started_at", TIME),
        ("updated_at", TIME),
        ("seconds", pa.float64()),  # spent in training, over all attempts
        ("epochs_run", pa.int64()),
        ("selected_epoch", pa.int64()),  # whose weights are evaluated
        ("parameters", pa.int64()),
        ("macs", pa.int64()),  # multiply-accumulates of one forward pass of one image
        ("training_macs", pa.int64()),  # a third of those that training spends on one labelled image
        ("peak_memory_mb", pa.float64()),
        ("unreadable_images", pa.list_(pa.string())),
        ("training_images", pa.int64()),
        ("parts", pa.int64()),  # in how many parts each batch was processed, for want of memory
        ("workers", pa.int64()),
        ("cpus", pa.int64()),  # of each of its processes
        ("gpus", pa.float64()),
        ("host", pa.string()),
        ("hardware", pa.string()),
        ("git_commit", pa.string()),
        ("git_dirty", pa.bool_()),
        ("versions", pa.string()),  # JSON: package -> version
    ]
)

EPOCHS = pa.schema(
    [
        ("trial", pa.string()),
        ("epoch", pa.int64()),  # 1 is the first
        ("metric", pa.string()),  # train_loss, train_<term>, val_nme_io, …, learning_rate, seconds
        ("value", pa.float64()),
    ]
)

EVALUATIONS = pa.schema(
    [
        ("evaluation", pa.string()),  # identity: trial + what it was measured on, and how
        ("trial", pa.string()),
        ("dataset", pa.string()),
        ("data_digest", pa.string()),
        ("split", pa.string()),
        ("subset", pa.string()),  # "all", or a tag of the data set
        ("perturbation", pa.string()),  # what was done to the crops, in words; empty where nothing was
        ("decoder", pa.string()),  # how heatmaps were read, in words; empty where the method did it
        ("protocol", pa.string()),  # crop convention and box source, in words
        ("config", pa.string()),
        ("metric", pa.string()),  # nme_io, …: reports/metric_names.py names and formats each
        ("value", pa.float64()),
        ("images", pa.int64()),  # how many images the value averages
        ("evaluated_at", TIME),
    ]
)

IMAGES = pa.schema(
    [
        ("evaluation", pa.string()),
        ("trial", pa.string()),
        ("image", pa.string()),
        ("group", pa.string()),  # person, original image or video: never on two sides of a split
        ("tags", pa.list_(pa.string())),
        ("norm_io", pa.float64()),  # normalisers in image px; NaN where the scheme or face has none
        ("norm_ip", pa.float64()),
        ("norm_box", pa.float64()),
        ("norm_diag", pa.float64()),
        ("norm_width", pa.float64()),
        ("norm_dataset_box", pa.float64()),  # null where the data set gives no boxes
        ("norm_dataset_diag", pa.float64()),
        ("nme_io", pa.float64()),  # fraction
        ("errors_px", pa.list_(pa.float32())),  # per landmark, image px; NaN where the landmark is missing
        ("errors_crop", pa.list_(pa.float32())),  # per landmark, in crop sides
        ("landmarks", pa.list_(pa.float32())),  # truth x0, y0, x1, … in image px
        ("prediction", pa.list_(pa.float32())),
        ("crop", pa.list_(pa.float64())),  # 2×3 row-major: image px -> px of the thumbnail
        ("thumbnail", pa.binary()),  # JPEG or PNG of the crop for a few images, else null
        ("restored", pa.binary()),  # PNG of what the network makes of it, of a few images, else null
        ("condition", pa.binary()),  # PNG of the view that it is made of, where that is another one
    ]
)

STUDIES = pa.schema(
    [
        ("study", pa.string()),
        ("question", pa.string()),
        ("command", pa.string()),  # what runs it
        ("label", pa.string()),  # the variant, in the study's words
        ("variant", pa.string()),
        ("trial", pa.string()),
        ("seed", pa.int64()),
        ("stages", pa.list_(pa.string())),  # the trials that it starts from, and those that they start from
        ("evaluation", pa.string()),
        ("split", pa.string()),
        ("perturbation", pa.string()),  # as in "evaluations"
        ("decoder", pa.string()),  # as in "evaluations"
        ("baseline", pa.bool_()),  # the variant that the others of an ablation are compared with
        # Of a search's trials alone, which have no evaluation:
        ("number", pa.int64()),  # the order in which points were asked; 0 is the base
        ("point", pa.string()),  # JSON: path of a setting -> a number, or the name of a choice
        ("search", pa.string()),  # JSON: objectives, domains, trials; the same in all rows of a search
    ]
)

PROBES = pa.schema(
    [
        ("variant", pa.string()),
        ("device", pa.string()),  # GPU or core
        ("hardware", pa.string()),
        ("workers", pa.int64()),
        ("epoch_seconds", pa.float64()),  # of training and validation, expected from a few steps; null: nothing fitted
        ("parts", pa.int64()),  # in how many a worker's share of a batch fitted; null: not even one face did
        ("peak_memory_mb", pa.float64()),
        ("reserved_memory_mb", pa.float64()),  # what its process took of the device
        ("device_memory_mb", pa.float64()),  # null for processors
        ("probed_at", TIME),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "trials": TRIALS,
    "epochs": EPOCHS,
    "evaluations": EVALUATIONS,
    "images": IMAGES,
    "studies": STUDIES,
    "probes": PROBES,
}
