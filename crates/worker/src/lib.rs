//! Runs jobs: kinds, the guard, the daemon
