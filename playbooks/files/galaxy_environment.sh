#!/bin/sh
# What a Galaxy job finds out about its resources, in the order in which Galaxy's own job script asks.
if [ -n "$SLURM_CPUS_ON_NODE" ]; then GALAXY_SLOTS=$SLURM_CPUS_ON_NODE
elif [ -n "$NSLOTS" ]; then GALAXY_SLOTS=$NSLOTS
elif [ -n "$NCPUS" ]; then GALAXY_SLOTS=$NCPUS
elif [ -n "$PBS_NCPUS" ]; then GALAXY_SLOTS=$PBS_NCPUS
elif [ -f "$PBS_NODEFILE" ]; then GALAXY_SLOTS=$(wc -l < "$PBS_NODEFILE")
elif [ -n "$LSB_DJOB_NUMPROC" ]; then GALAXY_SLOTS=$LSB_DJOB_NUMPROC
fi
if [ -n "$SLURM_JOB_ID" ]; then
    GALAXY_MEMORY_MB=$(scontrol -do show job "$SLURM_JOB_ID" | sed -n 's/.*[ ,]mem=\([0-9][0-9]*\)M.*/\1/p' | head -n 1)
fi
printf '{"host": "%s", "user": "%s", "uid": %s, "galaxy_slots": %s, "galaxy_memory_mb": %s, "directory": "%s"}\n' \
    "$(uname -n)" "$(id -un)" "$(id -u)" "${GALAXY_SLOTS:-1}" "${GALAXY_MEMORY_MB:-null}" "$(pwd)"
