//! Compiles the protocol definitions with protox (no protoc to install) and keeps a descriptor set for gRPC reflection.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let files = [
        "tiendo/sync/v1/sync.proto",
        "tiendo/enrolment/v1/enrolment.proto",
        "tiendo/query/v1/query.proto",
        "tiendo/bundle/v1/bundle.proto",
        "tiendo/publication/v1/publication.proto",
    ];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), prost_bytes(&descriptors))?;
    tonic_prost_build::configure().bytes(".tiendo.sync.v1.Change.body").compile_fds(descriptors)?;
    Ok(())
}

fn prost_bytes(descriptors: &impl protox::prost::Message) -> Vec<u8> {
    descriptors.encode_to_vec()
}
