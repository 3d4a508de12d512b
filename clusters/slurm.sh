#!/usr/bin/env bash
# A cluster for the time of a Slurm job, with `ray symmetric-run`. Python 3.12; checked offline with Ray 2.60.0.
#
#   make install PYTHON=python3.12                             # once, in a checkout that all nodes share
#   sbatch clusters/slurm.sh discover --time-limit 10h --out /shared/runs/first     # from the root of the checkout
#   sbatch --gpus-per-node=1 clusters/slurm.sh train /shared/runs/found --data images.npz --out /shared/runs/trained
#   tail -f rayzc-JOB.log
#   scancel JOB                                                # the last checkpoint is a few seconds old
#
# The first argument is discover, search, run or train, the others are its options, with an --out that all nodes share.
#
# Three minutes before the time limit, Slurm signals this script. It has rayzc write its last checkpoint and puts the
# job back into the queue, where it continues: a run may take longer than a job may. If a node fails, Slurm does so.
# With several nodes, a job ends about a minute after rayzc: so long do the others wait for the first to come back.
#
# Override: on the command line of sbatch, what #SBATCH says below (nodes, time, partition). In the environment:
#   RAYZC_HOME   the checkout (the folder that sbatch is called in)
#   RAYZC_VENV   the virtual environment (.venv of the checkout)
#   RAYZC_HEAD   address of the first node (its name), where that does not resolve to a network that nodes share
#
# All nodes are alike, and used whole: islands take one CPU each; measuring and training take GPUs where sbatch was
# asked for them (see README.md of this folder).
#
# Beware: nodes must be exclusive. `ray symmetric-run` ends with `ray stop`, which ends all of your Ray processes there.
#
#SBATCH --job-name=rayzc
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=rayzc-%j.log
set -euo pipefail

home=${RAYZC_HOME:-$SLURM_SUBMIT_DIR}
command=${1:?"usage: sbatch clusters/slurm.sh discover|search|run|train OPTIONS"}
shift
if [[ ! -f $home/jobs/$command.py ]]; then
    echo "slurm.sh: no $home/jobs/$command.py: call sbatch in the checkout, with discover, search, run or train" >&2
    exit 2
fi
# shellcheck source=/dev/null
. "${RAYZC_VENV:-$home/.venv}/bin/activate"

# Outside the ranges of Ray's workers and of the kernel, and another for each job.
port=$((20000 + SLURM_JOB_ID % 10000))
# Not substituted in one pipe: a closed pipe would fail the script.
nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
address=${RAYZC_HEAD:-${nodes%%$'\n'*}}:$port

# The token is in the home folder, which all nodes share, and is not printed.
export RAY_AUTH_MODE=token
ray get-auth-token --generate > /dev/null
# A folder of the job's own on each node; a short name, as Ray's sockets are in it.
export RAY_TMPDIR=/tmp/rayzc-$SLURM_JOB_ID
export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300
export OMP_NUM_THREADS=1
(umask 077 && mkdir -p "$RAY_TMPDIR")

# symmetric-run passes on no signal. This script runs on the first node, as rayzc will, and knows its process by this.
export RAYZC_PROCESS=$RAY_TMPDIR/process
rm -f "$RAYZC_PROCESS"

time_is_up=false
# shellcheck disable=SC2329  # the trap calls it
end() {
    time_is_up=true
    echo "slurm.sh: the time is almost up" >&2
    # Before rayzc has started there is nothing to write.
    kill -TERM "$(cat "$RAYZC_PROCESS" 2> /dev/null || echo "$step")" 2> /dev/null || true
}

# shellcheck disable=SC2016  # the process that srun starts expands it
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task="$SLURM_CPUS_ON_NODE" \
    ray symmetric-run --address "$address" --min-nodes "$SLURM_JOB_NUM_NODES" --num-cpus "$SLURM_CPUS_ON_NODE" -- \
    bash -c 'echo "$$" > "$RAYZC_PROCESS"; exec "$@"' rayzc \
    python "$home/jobs/$command.py" "$@" --address "$address" &
step=$!
trap end USR1

# A signal ends `wait`, but not the step.
while true; do
    status=0
    wait "$step" || status=$?
    kill -0 "$step" 2> /dev/null || break
done

# After a failure, Ray's logs stay there.
if $time_is_up || ((status == 0)); then
    srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 rm -rf -- "${RAY_TMPDIR:?}"
fi
if $time_is_up && ((status != 0)); then
    echo "slurm.sh: back into the queue" >&2
    exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
