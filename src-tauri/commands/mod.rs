//! What the page can call. Bodies hand on to [`samepath_app::App`], nothing more.

pub(crate) mod dataset;
pub(crate) mod dialog;
pub(crate) mod job;
pub(crate) mod lab;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod storage;
pub(crate) mod stream;
