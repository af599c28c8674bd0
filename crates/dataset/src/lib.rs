//! What a SLEAP project refers to, seen through storages
