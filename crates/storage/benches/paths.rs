//! Resolving and locating, on the local disk.

fn main() {
    divan::main();
}
