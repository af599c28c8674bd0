//! What the command line and the window do alike.

pub mod view;
