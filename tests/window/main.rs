//! The real window, driven from outside as a person does: by what it says, by the keyboard in native dialogs, by its picture.
//!
//! Every test has its own display, home and driver. Linux alone has a driver for the web view that the window is made of.
#![cfg(target_os = "linux")]

mod blocks;
mod copying;
mod desk;
mod dialogs;
mod display;
mod driver;
mod jobs;
mod kept;
mod keyboard;
mod lab;
mod large;
mod main_job;
mod native;
mod notices;
mod open;
mod picture;
mod pictures;
mod setup;
mod starts;
mod storages;
mod text;
