//! Pictures of recorded graphs: three networks against golden files, and what must hold in every picture.
//! `UPDATE=1` writes the files anew; look at them before you commit.

use std::path::Path;
use wengert::autograd::{graph, memory_stats, no_grad};
use wengert::prelude::*;
use wengert::{Picture, Tensor};

fn rng() -> Rng {
    Rng::seed(1)
}

fn mlp() -> Picture {
    let net = Mlp::<f32>::new(&[64, 32, 16, 10], Activation::Tanh, &mut rng());
    let loss = net.forward(&Tensor::ones([8, 64]), &mut Mode::eval()).cross_entropy(&[0; 8]);
    graph(&(loss + l2(&net, 1e-4))).named(net.parameters())
}

/// Layer norm, attention of one head, and a residual connection.
#[derive(Module)]
struct Attention {
    scale: Param,
    shift: Param,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
}

fn attention() -> Picture {
    let mut rng = rng();
    let mut linear = || Linear::new(32, 32, &mut rng).without_bias();
    let (scale, shift) = (Param::new(Tensor::ones([32])), Param::new(Tensor::zeros([32])));
    let net = Attention { scale, shift, query: linear(), key: linear(), value: linear(), output: linear() };
    let x = Tensor::<f32>::ones([4, 16, 32]);
    let h = x.layer_norm(&net.scale, &net.shift, 1e-5);
    let mode = &mut Mode::eval();
    let [q, k, v] = [&net.query, &net.key, &net.value].map(|layer| layer.forward(&h, mode));
    let weights = (q.matmul(&k.transpose(-1, -2)) * (1.0 / 32.0_f32.sqrt())).softmax(-1);
    let y = &x + net.output.forward(&weights.matmul(&v), mode);
    graph(&y.mean()).named(net.parameters())
}

/// One cell, three times.
fn shared() -> Picture {
    let mut rng = rng();
    let cell = Linear::<f32>::new(24, 16, &mut rng);
    let mut h = Tensor::zeros([8, 16]);
    for _ in 0..3 {
        h = cell.forward(&Tensor::concat(&[&Tensor::ones([8, 8]), &h], -1), &mut Mode::eval()).tanh();
    }
    graph(&h.powi(2).mean()).named(cell.parameters())
}

type Network = (&'static str, fn() -> Picture);

const NETWORKS: [Network; 3] = [("mlp", mlp), ("attention", attention), ("shared", shared)];

/// Lines of source files change without a change of the picture.
fn without_lines(text: &str) -> String {
    let mut parts = text.split(".rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + ".rs:" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn three_networks() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/graphs");
    for (name, picture) in NETWORKS {
        let picture = picture();
        for (kind, text) in [("dot", picture.dot()), ("svg", picture.svg())] {
            let (path, text) = (directory.join(format!("{name}.{kind}")), without_lines(&text));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, text).unwrap();
                continue;
            }
            let golden = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
            assert!(
                text == golden,
                "{} differs from the picture of today; UPDATE=1 writes it anew",
                path.display()
            );
        }
    }
}

/// The boxes of an SVG: left, top, right, bottom.
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let number = |rect: &str, name: &str| -> f64 {
        let (_, rest) = rect.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let rects = svg.lines().filter(|line| line.contains("<rect"));
    rects
        .map(|rect| {
            let [x, y, w, h] = ["x", "y", "width", "height"].map(|name| number(rect, name));
            [x, y, x + w, y + h]
        })
        .collect()
}

/// A graph at random: each tensor is made of one or two that are there already.
fn random(seed: u64) -> Picture {
    let mut rng = Rng::seed(seed);
    let mut all = vec![Tensor::<f32>::ones([2]).requires_grad(), Tensor::ones([3, 2]).requires_grad()];
    for _ in 0..30 {
        let [a, b] = [0, 1].map(|_| &all[rng.below(all.len())]);
        all.push(if rng.below(3) == 0 { a.exp() } else { a * b });
    }
    let sum = all.iter().map(Tensor::sum).reduce(|a, b| a + b).unwrap();
    graph(&sum)
}

#[test]
fn boxes_lie_apart_inside_the_picture_and_arrows_point_down() {
    let pictures = NETWORKS.iter().map(|(_, picture)| picture()).chain((0..20).map(random));
    for picture in pictures {
        let svg = picture.svg();
        let number = |text: &str| text.split('"').next().unwrap().parse::<f64>().unwrap();
        let [width, height] = ["width=\"", "height=\""].map(|name| number(svg.split_once(name).unwrap().1));
        let boxes = boxes(&svg);
        assert_eq!(boxes.len(), picture.dot().matches("[label=").count());
        for (i, a) in boxes.iter().enumerate() {
            assert!(
                a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= width && a[3] <= height,
                "{a:?} of {width} x {height}"
            );
            for b in &boxes[..i] {
                let apart = a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];
                assert!(apart, "{a:?} on {b:?}");
            }
        }
        let arrows: Vec<&str> = svg.lines().filter(|line| line.contains("marker-end")).collect();
        assert_eq!(arrows.len(), picture.dot().matches(" -> ").count());
        for arrow in arrows {
            let path = arrow.split('"').nth(1).unwrap().trim_start_matches('M');
            let ends: Vec<f64> = path.split([' ', 'C', 'V']).filter_map(|n| n.parse().ok()).collect();
            assert!(ends[1] < ends[ends.len() - 1], "{arrow}");
        }
    }
}

#[test]
fn what_is_kept_is_what_the_graph_holds() {
    let w = Tensor::<f32>::ones([64, 64]).requires_grad();
    let before = memory_stats().live_bytes;
    let x = Tensor::<f32>::ones([64, 64]);
    let y = (x.matmul(&w).tanh() * &x).exp() + 1.0;
    // x, tanh and exp; the product and the sum are read by nobody, and w lives anyway.
    assert_eq!(graph(&y).kept_bytes(), 3 * 64 * 64 * 4);
    let z = y.sum();
    drop((x, y));
    assert_eq!(memory_stats().live_bytes - before, 3 * 64 * 64 * 4 + 64);
    let dot = graph(&z).dot();
    assert_eq!(dot.matches("keeps 16.0 KiB").count(), 3, "{dot}");
}

#[test]
fn leaves_and_constants_alone_have_a_picture() {
    let leaf = Tensor::from([1.0]).requires_grad();
    let named = graph(&leaf).named([("a < \"b\"", &leaf)]);
    assert!(named.svg().contains(">a &lt; \"b\"<") && named.dot().contains("a < \\\"b\\\""));
    assert!(graph(&no_grad(|| &leaf * 2.0)).svg().contains(">constant<"));
    // As deep as memory allows.
    let deep = (0..20_000).fold(leaf, |x, _| -x);
    let run = move || assert_eq!(graph(&deep).svg().matches("<rect").count(), 20_001);
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}
