#!/usr/bin/env bash
# pgbench_1000.sh - a thousand clients share twenty servers.
export CLIENTS=1000
. "${0%/*}/pgbench.sh"
