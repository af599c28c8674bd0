//! Workers and the queue they share: bus, matchmaker, client, worker session
