//! What the bus of this computer costs.
fn main() {
    divan::main();
}
