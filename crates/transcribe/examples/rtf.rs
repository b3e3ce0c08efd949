//! thin
use transcribe::engine::{moonshine::{Files, Moonshine}, Engine};
fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let t = std::time::Instant::now();
    let e = Engine::Moonshine(Box::new(Moonshine::load(&Files { encoder: dir.join("encoder_model.ort"), decoder: dir.join("decoder_model_merged.ort"), tokenizer: dir.join("tokenizer.bin"), runtime: dir.join("libonnxruntime.so.1") }).unwrap()));
    let mut d = e.decoder().unwrap();
    eprintln!("load {:?}", t.elapsed());
    for f in std::env::args().skip(2) {
        let pcm = transcribe::upload::decode(&std::fs::read(&f).unwrap(), Default::default()).unwrap();
        let t = std::time::Instant::now();
        for c in pcm.chunks(16000 * 25) { let r = d.decode(c).unwrap(); println!("{f} {:.1}s {:?} {:?} {}", c.len() as f32 / 16000., t.elapsed(), r.confidence, r.text); }
    }
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    eprintln!("{}", s.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" "));
}
