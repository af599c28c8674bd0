//! Samepath desktop.
