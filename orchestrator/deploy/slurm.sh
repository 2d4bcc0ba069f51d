#!/bin/bash
#SBATCH --job-name={{ name }}
#SBATCH --nodes={{ nodes }}
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task={{ cpus }}
{% if gpus %}
#SBATCH --gpus-per-node={{ gpus }}
{% endif %}
{% if memory %}
#SBATCH --mem={{ memory }}
{% endif %}
{% if time %}
#SBATCH --time={{ time }}
{% endif %}
{% if partition %}
#SBATCH --partition={{ partition }}
{% endif %}
{% if account %}
#SBATCH --account={{ account }}
{% endif %}
#SBATCH --output={{ name }}-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --no-kill
#SBATCH --signal=B:USR1@{{ stop_seconds + 60 }}
# marksweep's study {{ study }} on {{ nodes }} of Slurm's nodes.
# Made by `marksweep deploy slurm`, for sbatch. What is done is in the storage: the same job again goes on from there.
set -uo pipefail

export PATH={{ bin | shell }}:"$PATH"
{% for line in setup %}
{{ line }}
{% endfor %}

# Several jobs, of several people, may share a node: each has a Ray of its own, with its own folder, ports and token.
# Ray's sockets lie in the folder, and their paths have to be short.
ray_folder=/tmp/marksweep.$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export ray_folder RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
unset RAY_ADDRESS

# Runs on each node as long as the job: Ray in the foreground, swept away when its step is told to end.
ray_here() {
    local folder=$ray_folder.$1.$SLURM_NODEID node told=0
    mkdir -m 700 -- "$folder" || return
    trap 'told=1; kill "$node"' TERM USR2
    ray start --block --temp-dir="$folder" --num-cpus={{ cpus }} --num-gpus={{ gpus }} "${@:2}" >"$folder/said" 2>&1 &
    node=$!
    while kill -0 "$node" 2>/dev/null; do wait "$node"; done
    [ "$told" = 1 ] || { echo "Ray has ended on $SLURMD_NODENAME:"; tail -n 20 "$folder/said"; }
    rm -rf -- "$folder"
}
export -f ray_here

# USR1 comes before the time is up, and where a site asks for it before others take the nodes.
study='' again=0
stop() {
    echo "Running trials save, then stop."
    [ -z "$study" ] || kill -TERM "$study" 2>/dev/null
}
trap 'again=1; stop' USR1
trap stop TERM

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
free_port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
# Port 0 is any free one; this script runs on the same node and reads there which it became.
srun --nodes=1 --ntasks=1 --nodelist="$head" --cpus-per-task={{ cpus }} bash -c 'ray_here "$@"' ray_here head \
    --head --port=0 --ray-client-server-port="$free_port" --include-dashboard=false &
steps=$!
# A file of somebody else's would lead to somebody else's Ray.
until [ -O "$ray_folder.head.0/ray_current_cluster" ] && [ -s "$ray_folder.head.0/ray_current_cluster" ]; do
    kill -0 "$steps" 2>/dev/null || { echo "Ray did not start on $head."; exit 1; }
    sleep 1
done
RAY_ADDRESS=$(cat "$ray_folder.head.0/ray_current_cluster")
export RAY_ADDRESS
{% if nodes > 1 %}
srun --nodes={{ nodes - 1 }} --ntasks={{ nodes - 1 }} --exclude="$head" --cpus-per-task={{ cpus }} --kill-on-bad-exit=0 \
    bash -c 'ray_here "$@"' ray_here more --address="$RAY_ADDRESS" &
steps="$steps $!"
{% endif %}

# Nodes that are late are used when they come.
{ python -m orchestrator.deploy.joined {{ nodes }}; exec {{ run | command }} --address "$RAY_ADDRESS"; } &
study=$!
wait "$study"
code=$?
while kill -0 "$study" 2>/dev/null; do # a signal ends `wait`, not the study
    wait "$study"
    code=$?
done

# USR2 is handed on to the nodes; of TERM, srun makes KILL.
# shellcheck disable=SC2086 # it may be two
kill -USR2 $steps 2>/dev/null
wait
if [ "$again" = 1 ] && [ "$code" != 0 ]; then
    echo "More is left: this job goes on when it is given nodes again."
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
