//! What a profile says: costs, added up by whatever one asks for, and as a table.

use super::{Call, Kind, Pass};
use crate::graph::Id;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;
use std::time::Duration;

/// How many rows a table shows.
const SHOWN: usize = 30;

/// What [`profile`](crate::profile) has measured. Printed, it is a table, the most expensive row first.
///
/// ```
/// use autograd::{Pass, Profile, Tensor, profile};
/// let w = Tensor::<f32>::ones([64, 64]).requires_grad();
/// let (_, profile): (_, Profile) = profile(|| w.sin().sum().backward());
/// let profile = profile.named([("hidden.weight", &w)]);
/// assert!(profile.measured() <= profile.wall());
/// // `sin` and its gradient belong to the layer `hidden`, `sum` to this line.
/// let (layer, cost) = profile.by_layer().into_iter().find(|(layer, _)| layer == "hidden").unwrap();
/// assert_eq!((layer.as_str(), cost.total >= cost.own), ("hidden", true));
/// let forward: Vec<_> = profile.rows().into_iter().filter(|row| row.pass == Pass::Forward).collect();
/// assert_eq!(forward.len(), 2);
/// assert_eq!(profile.by_operator().len(), profile.by(|row| (row.operator.clone(), row.pass)).len());
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    wall: Duration,
    pub(super) kinds: Vec<(Kind, Cost)>,
    pub(super) calls: Vec<Call>,
    names: HashMap<Id, String>,
}

/// What calls cost.
///
/// ```
/// use autograd::{Cost, Tensor, profile};
/// let (_, profile) = profile(|| (0..3).for_each(|_| drop(Tensor::<f32>::ones([16]).exp())));
/// let cost: Cost = profile.rows().iter().map(|row| row.cost).sum();
/// assert_eq!((cost.calls, cost.bytes), (3, 3 * 64));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How many there were.
    pub calls: u64,
    /// The time from beginning to end, the operators they call included: these times overlap.
    pub total: Duration,
    /// The time without that of the operators they call: these times add up.
    pub own: Duration,
    /// The memory they took from the pool themselves, in bytes, for outputs, gradients and work space, in whole blocks of the
    /// pool (64 bytes, and up to a fifth above what was asked). Views take none; what was given back is not subtracted.
    pub bytes: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.total += other.total;
        self.own += other.own;
        self.bytes += other.bytes;
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Cost::default(), |mut sum, cost| {
            sum += cost;
            sum
        })
    }
}

/// The calls of one operator on one way in one layer.
///
/// ```
/// use autograd::{Pass, Tensor, profile};
/// let (_, profile) = profile(|| Tensor::<f32>::ones([8]).exp());
/// let row = &profile.rows()[0];
/// assert_eq!((row.operator.as_str(), row.pass, row.cost.calls), ("exp", Pass::Forward, 1));
/// assert!(row.layer.contains(".rs:")); // no layer has been named: file and line
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The operator's name.
    pub operator: String,
    /// On which way it was called.
    pub pass: Pass,
    /// The layer whose parameter it reads, if [`Profile::named`] gave that a name; otherwise file and line of the caller.
    pub layer: String,
    /// What that cost.
    pub cost: Cost,
}

impl Profile {
    pub(super) fn new(wall: Duration, kinds: Vec<(Kind, Cost)>, calls: Vec<Call>) -> Self {
        Profile { wall, kinds, calls, names: HashMap::new() }
    }

    /// Gives leaves their paths, as in `profile.named(net.parameters())`. An operator that reads `hidden.weight` belongs to
    /// the layer `hidden`, and so does its gradient; one that reads no such leaf, to the line that calls it.
    ///
    /// ```
    /// use autograd::{Tensor, profile};
    /// let w = Tensor::<f32>::ones([3]).requires_grad();
    /// let (_, profile) = profile(|| w.exp());
    /// assert_eq!(profile.named([("hidden.weight", &w)]).rows()[0].layer, "hidden");
    /// ```
    pub fn named<T: Scalar, L: AsRef<Tensor<T>>>(
        mut self,
        leaves: impl IntoIterator<Item = (impl Into<String>, L)>,
    ) -> Self {
        for (path, leaf) in leaves {
            if let Some(node) = leaf.as_ref().node() {
                self.names.insert(node.id, path.into());
            }
        }
        self
    }

    /// The time that the closure took.
    pub fn wall(&self) -> Duration {
        self.wall
    }

    /// The time in operators and spans: the sum of all own times. The rest of [`wall`](Self::wall) was spent outside of them.
    pub fn measured(&self) -> Duration {
        self.kinds.iter().map(|(_, cost)| cost.own).sum()
    }

    /// What was called, on which way, and where: the rows of the table, that with the greatest own time first.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = BTreeMap::<_, Cost>::new();
        for (kind, cost) in &self.kinds {
            *rows.entry((&kind.operator, kind.pass, self.layer(kind))).or_default() += *cost;
        }
        let row = |((operator, pass, layer), cost): ((&String, _, _), _)| Row {
            operator: operator.clone(),
            pass,
            layer,
            cost,
        };
        let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.cost.own));
        rows
    }

    /// Costs added up by a key, that with the greatest own time first: `profile.by(|row| row.pass)`.
    pub fn by<K: Ord>(&self, key: impl Fn(&Row) -> K) -> Vec<(K, Cost)> {
        let mut costs = BTreeMap::<K, Cost>::new();
        for row in self.rows() {
            *costs.entry(key(&row)).or_default() += row.cost;
        }
        let mut costs: Vec<_> = costs.into_iter().collect();
        costs.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.own));
        costs
    }

    /// What each operator costs on each way.
    pub fn by_operator(&self) -> Vec<((String, Pass), Cost)> {
        self.by(|row| (row.operator.clone(), row.pass))
    }

    /// What each layer costs; what belongs to none, by file and line. Needs [`named`](Self::named).
    pub fn by_layer(&self) -> Vec<(String, Cost)> {
        self.by(|row| row.layer.clone())
    }

    pub(super) fn layer(&self, kind: &Kind) -> String {
        match kind.place.leaves.iter().find_map(|leaf| self.names.get(leaf)) {
            Some(path) => path.rsplit_once('.').map_or(path.as_str(), |(layer, _)| layer).to_owned(),
            None => {
                let file = kind.place.caller.file();
                let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
                format!("{file}:{}", kind.place.caller.line())
            }
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let (shown, hidden) = rows.split_at(rows.len().min(SHOWN));
        let head = ["operator", "pass", "layer", "calls", "own time", "share", "mean", "total", "bytes"];
        let mut table = vec![head.map(str::to_owned)];
        table.extend(shown.iter().map(|row| {
            self.line(&row.operator, &row.pass.to_string(), &row.layer, row.cost, time(row.cost.total))
        }));
        if !hidden.is_empty() {
            let rest = format!("({} more)", hidden.len());
            table.push(self.line(&rest, "", "", hidden.iter().map(|row| row.cost).sum(), String::new()));
        }
        let sum = table.len();
        let all = rows.iter().map(|row| row.cost).sum::<Cost>();
        table.push(self.line("in operators", "", "", all, String::new()));
        let outside = self.wall.saturating_sub(all.own);
        let outside = [time(outside), self.share(outside)];
        let [own, share] = outside;
        table.push([
            "outside".into(),
            "".into(),
            "".into(),
            "".into(),
            own,
            share,
            "".into(),
            "".into(),
            "".into(),
        ]);

        let widths: Vec<usize> = (0..head.len())
            .map(|i| table.iter().map(|line| line[i].chars().count()).max().unwrap_or(0))
            .collect();
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1));
        for (n, line) in table.iter().enumerate() {
            if n == 1 || n == sum {
                writeln!(f, "{rule}")?;
            }
            let mut text = String::new();
            for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
                // Words are flush left, numbers flush right.
                text += &if i < 3 { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

impl Profile {
    fn line(&self, operator: &str, pass: &str, layer: &str, cost: Cost, total: String) -> [String; 9] {
        let mean = Duration::from_nanos((cost.own.as_nanos() / u128::from(cost.calls.max(1))) as u64);
        let (operator, pass, layer) = (operator.to_owned(), pass.to_owned(), layer.to_owned());
        let (own, share, mean) = (time(cost.own), self.share(cost.own), time(mean));
        [operator, pass, layer, cost.calls.to_string(), own, share, mean, total, bytes(cost.bytes)]
    }

    fn share(&self, part: Duration) -> String {
        format!("{:.1} %", 100.0 * part.as_secs_f64() / self.wall.as_secs_f64().max(f64::MIN_POSITIVE))
    }
}

/// Three digits and a unit.
fn time(time: Duration) -> String {
    in_units(time.as_nanos() as f64, 1000.0, &["ns", "µs", "ms", "s"])
}

pub(crate) fn bytes(bytes: u64) -> String {
    in_units(bytes as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

fn in_units(mut value: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_three_digits() {
        let times = [0, 999, 1000, 12_345, 999_499, 999_500, 90_000_000_000];
        let texts = times.map(|ns| time(Duration::from_nanos(ns)));
        assert_eq!(texts, ["0 ns", "999 ns", "1.00 µs", "12.3 µs", "999 µs", "1.00 ms", "90.0 s"]);
        assert_eq!([64, 1024, 3 << 20].map(bytes), ["64 B", "1.00 KiB", "3.00 MiB"]);
    }
}
