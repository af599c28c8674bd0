//! A fleet as programs see it: the same tests over the bus in memory and over the bus of this computer.

mod lab;
mod one_process;
mod paths;
mod this_computer;
