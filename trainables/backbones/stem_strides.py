"""How far each convolution of HRNet's stem shrinks the picture. Without torch, so that a report can read it.

Source: bao2023keyposs Table 2.
"""

# Strides of the stem's convolutions for each total stride. At 256×256 they give maps of 64², 32², 16², 8² and 4².
STEM_STRIDES: dict[int, tuple[int, ...]] = {4: (2, 2), 8: (4, 2), 16: (4, 4), 32: (4, 4, 2), 64: (4, 4, 2, 2)}
