//! Sounds that are no speech.

/// Six seconds of each.
pub fn sounds() -> Vec<(&'static str, Vec<f32>)> {
    let sound = |sample: &mut dyn FnMut(f32) -> f32| -> Vec<f32> {
        (0..96_000).map(|n| sample(n as f32 / 16_000.0)).collect()
    };
    let sine = |t: f32, hz: f32| (t * hz * std::f32::consts::TAU).sin();
    let mut state = 1_u64;
    let mut white = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let mut slow = [0.0_f32; 3];
    let mut pink = {
        let mut white = white;
        move || {
            let input = white();
            for (value, share) in slow.iter_mut().zip([0.5, 0.1, 0.01]) {
                *value += (input - *value) * share;
            }
            slow.iter().sum::<f32>()
        }
    };
    vec![
        ("silence", vec![0.0; 96_000]),
        ("faint noise", sound(&mut |_| white() * 0.0005)),
        ("noise", sound(&mut |_| white() * 0.1)),
        ("loud noise", sound(&mut |_| white() * 0.7)),
        ("noise that begins", sound(&mut |t| if t > 2.0 { white() * 0.1 } else { 0.0 })),
        ("pink noise", sound(&mut |_| pink() * 0.2)),
        ("tone", sound(&mut |t| sine(t, 440.0) * 0.3)),
        ("tone with noise", sound(&mut |t| sine(t, 1_000.0) * 0.3 + white() * 0.001)),
        ("dial tone", sound(&mut |t| (sine(t, 350.0) + sine(t, 440.0)) * 0.2)),
        ("busy tone", sound(&mut |t| if t % 1.0 < 0.5 { sine(t, 425.0) * 0.3 } else { 0.0 })),
        (
            "keys",
            sound(&mut |t| {
                if t % 0.2 < 0.1 { (sine(t, 770.0) + sine(t, 1_336.0)) * 0.2 } else { 0.0 }
            }),
        ),
        ("buzzer", sound(&mut |t| sine(t, 140.0).signum() * 0.2)),
        ("clicks", sound(&mut |t| if t % 0.5 < 0.002 { 0.8 } else { 0.0 })),
    ]
}
