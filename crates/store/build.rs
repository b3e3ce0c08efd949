//! A new migration file must rebuild the crate: the migrations are read while it compiles.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
