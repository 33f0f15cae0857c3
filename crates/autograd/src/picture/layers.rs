//! Where boxes go: in layers, from what is given at the top to the result at the bottom.
//!
//! Four steps (K. Sugiyama, S. Tagawa and M. Toda, 1981). There are as many layers as the longest path has boxes, and a box
//! stands in that above the highest of its readers. An edge that skips layers gets a point in each. Within a layer, boxes are
//! sorted by the mean place of their neighbours, up and down in turn, and the order with the fewest crossings is taken. Then
//! each box is drawn towards its neighbours, as near as the order and the widths allow: least squares under an order, solved
//! by pooling (M. Ayer et al., 1955).

use super::{Kind, Picture};

/// How often layers are sorted, and boxes drawn to their neighbours.
const ROUNDS: usize = 16;

/// A box, or a point of an edge that passes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) layer: usize,
    /// The middle.
    pub(super) x: f64,
    width: f64,
    /// How much it pulls at its neighbours.
    weight: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// All places, those of the items first, and the way of each edge.
pub(super) struct Layers {
    pub(super) places: Vec<Place>,
    pub(super) ways: Vec<Vec<usize>>,
    /// The places of each layer from left to right.
    order: Vec<Vec<usize>>,
}

impl Layers {
    /// Arranges items of these widths, `gap` apart.
    pub(super) fn new(picture: &Picture, widths: &[f64], gap: f64) -> Self {
        let layer = layers_of(picture);
        let place = |layer, width, weight| {
            let (above, below) = (Vec::new(), Vec::new());
            Place { layer, x: 0.0, width, weight, above, below }
        };
        // Operators are the spine; leaves hang at them.
        let weight = |kind| if kind == Kind::Operator { 1.0 } else { 0.01 };
        let items = picture.items.iter().zip(widths).zip(&layer);
        let mut places: Vec<Place> =
            items.map(|((item, &width), &layer)| place(layer, width, weight(item.kind))).collect();
        let mut ways = Vec::new();
        for &(from, to) in &picture.edges {
            let mut way = vec![from];
            for layer in layer[from] + 1..layer[to] {
                way.push(places.len());
                places.push(place(layer, 0.0, 0.5 * places[from].weight));
            }
            way.push(to);
            for step in way.windows(2) {
                places[step[0]].below.push(step[1]);
                places[step[1]].above.push(step[0]);
            }
            ways.push(way);
        }
        let mut order = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
        for (i, place) in places.iter().enumerate() {
            order[place.layer].push(i);
        }
        // What is given to the left, what passes to the right.
        let is_computed = |&i: &usize| picture.items.get(i).is_none_or(|item| item.kind == Kind::Operator);
        order.iter_mut().for_each(|layer| layer.sort_by_key(is_computed));
        let mut layers = Layers { places, ways, order };
        layers.sort();
        layers.draw_together(gap);
        layers
    }

    /// Sorts each layer, and keeps the order with the fewest crossings.
    fn sort(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for round in 0..ROUNDS {
            let downwards = round % 2 == 0;
            let mut rank = self.ranks();
            for layer in self.layers(downwards) {
                let key = |i: usize| {
                    let near = self.neighbours(i, downwards);
                    let sum: f64 = near.iter().map(|&i| rank[i]).sum();
                    if near.is_empty() { rank[i] } else { sum / near.len() as f64 }
                };
                let mut keys: Vec<_> = self.order[layer].iter().map(|&i| (key(i), i)).collect();
                keys.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.order[layer] = keys.into_iter().map(|(_, i)| i).collect();
                rank_layer(&self.order[layer], &mut rank);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    fn layers(&self, downwards: bool) -> Vec<usize> {
        let all = 0..self.order.len();
        if downwards { all.collect() } else { all.rev().collect() }
    }

    /// What a place is drawn to on the way down or up: those it comes from, or else those it goes to.
    fn neighbours(&self, i: usize, downwards: bool) -> &[usize] {
        let Place { above, below, .. } = &self.places[i];
        let (first, second) = if downwards { (above, below) } else { (below, above) };
        if first.is_empty() { second } else { first }
    }

    /// How far from the left each place stands in its layer, from 0 to 1.
    fn ranks(&self) -> Vec<f64> {
        let mut rank = vec![0.0; self.places.len()];
        self.order.iter().for_each(|layer| rank_layer(layer, &mut rank));
        rank
    }

    fn crossings(&self) -> usize {
        let rank = self.ranks();
        let crossings = |layer: &Vec<usize>| {
            let steps: Vec<_> = layer
                .iter()
                .flat_map(|&from| self.places[from].below.iter().map(move |&to| (from, to)))
                .map(|(from, to)| (rank[from], rank[to]))
                .collect();
            let cross = |(i, a): (usize, &(f64, f64))| {
                steps[..i].iter().filter(|b| (a.0 - b.0) * (a.1 - b.1) < 0.0).count()
            };
            steps.iter().enumerate().map(cross).sum::<usize>()
        };
        self.order.iter().map(crossings).sum()
    }

    /// Moves each place towards the weighted mean of its neighbours, up and down in turn.
    fn draw_together(&mut self, gap: f64) {
        for layer in 0..self.order.len() {
            self.settle(layer, gap);
        }
        for round in 0..ROUNDS {
            let downwards = round % 2 == 0;
            for layer in self.layers(downwards) {
                let wish = |i: &usize| {
                    let near = self.neighbours(*i, downwards).iter().map(|&i| &self.places[i]);
                    let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), place| {
                        (sum + place.weight * place.x, weight + place.weight)
                    });
                    if weight > 0.0 { sum / weight } else { self.places[*i].x }
                };
                let wishes: Vec<f64> = self.order[layer].iter().map(wish).collect();
                for (&i, wish) in self.order[layer].iter().zip(wishes) {
                    self.places[i].x = wish;
                }
                self.settle(layer, gap);
            }
        }
        let left = self.places.iter().map(|place| place.x - place.width / 2.0).fold(f64::INFINITY, f64::min);
        self.places.iter_mut().for_each(|place| place.x -= left);
    }

    /// Puts the places of a layer in order and apart, as near to their wishes as can be: with what must lie to the left of
    /// each subtracted, wishes have to ascend, and neighbours that do not take their mean.
    fn settle(&mut self, layer: usize, gap: f64) {
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        let (mut offset, mut offsets) = (0.0, Vec::new());
        for (n, &i) in self.order[layer].iter().enumerate() {
            let place = &self.places[i];
            if n > 0 {
                offset += (self.places[self.order[layer][n - 1]].width + place.width) / 2.0 + gap;
            }
            offsets.push(offset);
            let mut pool = (place.weight * (place.x - offset), place.weight, 1);
            while let Some(before) = pools.pop_if(|before| before.0 / before.1 > pool.0 / pool.1) {
                pool = (pool.0 + before.0, pool.1 + before.1, pool.2 + before.2);
            }
            pools.push(pool);
        }
        let settled =
            pools.into_iter().flat_map(|(sum, weight, count)| (0..count).map(move |_| sum / weight));
        for ((&i, offset), x) in self.order[layer].iter().zip(offsets).zip(settled) {
            self.places[i].x = x + offset;
        }
    }
}

fn rank_layer(layer: &[usize], rank: &mut [f64]) {
    for (n, &i) in layer.iter().enumerate() {
        rank[i] = (n as f64 + 0.5) / layer.len() as f64;
    }
}

/// The layer of each item, the top one being 0.
fn layers_of(picture: &Picture) -> Vec<usize> {
    // Items stand behind what they read, and the result behind all.
    let mut depth = vec![0; picture.items.len()];
    for &(from, to) in &picture.edges {
        depth[to] = depth[to].max(depth[from] + 1);
    }
    let mut layer = vec![depth.last().copied().unwrap_or(0); depth.len()];
    for &(from, to) in picture.edges.iter().rev() {
        layer[from] = layer[from].min(layer[to] - 1);
    }
    layer
}
