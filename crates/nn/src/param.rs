//! A parameter: a tensor of a network that training changes, by its gradient or by what is told of each batch.

use crate::layers::blame::fail;
use crate::module::Path;
use autograd::{Call, Gradients, Keeps, Op, Scalar, Shape, ShapeError, Tensor, View};
use std::fmt;
use std::ops::{self, Deref, Index};

/// A trainable tensor of a network. It dereferences to its [`Tensor`]: it has the tensor's methods, can be passed where a
/// `&Tensor` is expected, and takes part in `+ - * /` by reference, as in `&self.scale * x`.
///
/// A clone is a parameter of its own: it has the same value, shares the memory until either changes, and has its own
/// gradient. To tie weights, use one parameter twice.
///
/// ```
/// use nn::{Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0, 2.0]));
/// let grads = (&w * &w).sum().backward();
/// assert_eq!(grads[&w].to_vec(), [2.0, 4.0]);
/// w.update(|w| w[0] = 5.0);
/// assert_eq!(w.to_vec(), [5.0, 2.0]);
/// ```
///
/// # Statistics
/// A [statistic](Self::statistic) is no weight: it follows what a layer [tells](Self::tell) it of each batch, such as the mean. The
/// optimizer's step moves it, so that a step with gradients is all that training is; what does not lead to a step, as a pass for
/// looking only, changes nothing.
///
/// # Frozen
/// A parameter that is [frozen](Self::freeze) is a constant: graphs record nothing of it, it has no gradient, and no step changes it.
///
/// ```
/// use nn::{Param, Tensor};
/// let [mut w, mut mean] = [Param::new(Tensor::scalar(3.0_f32)), Param::statistic(Tensor::scalar(0.0), 0.1)];
/// assert!(w.is_trained() && !mean.is_trained() && mean.is_statistic());
/// w.freeze();
/// assert!(w.is_frozen() && !(&w * &w).is_tracked());
/// w.unfreeze();
/// assert_eq!((&w * &w).backward()[&w].item(), 6.0);
/// mean.freeze(); // whatever it is told
/// assert!(mean.is_frozen() && mean.is_statistic());
/// ```
#[doc(alias("nn.Parameter", "Parameter"))]
pub struct Param<T: Scalar = f32> {
    value: Tensor<T>,
    /// Of a statistic.
    statistic: Option<Statistic<T>>,
    /// Its path, once a trainer, an optimizer or a file has met it: for messages alone.
    path: Option<Box<str>>,
}

/// How a statistic learns.
#[derive(Clone)]
struct Statistic<T: Scalar> {
    momentum: f64,
    /// A leaf whose gradient is the sum of what was told, and behind it how often something was: a vector of one number more than the
    /// statistic has. So what is told travels as gradients do, through checkpoints and sums over small batches.
    news: Tensor<T>,
}

impl<T: Scalar> Param<T> {
    /// A parameter with this value.
    pub fn new(value: Tensor<T>) -> Self {
        Param { value: value.detach().requires_grad(), statistic: None, path: None }
    }

    /// A statistic with this value at first. At every step it becomes `(1 - momentum) value + momentum told`, with the mean of what was
    /// told since the last one.
    ///
    /// ```
    /// use nn::{Optimizer, Param, Sgd, Tensor};
    /// let mut net = (Param::new(Tensor::scalar(1.0)), Param::statistic(Tensor::scalar(0.0), 0.5));
    /// let loss = net.1.tell(&net.0, &Tensor::scalar(8.0)); // the value of `net.0`
    /// Sgd::new(0.0).step(&mut net, &loss.backward());
    /// assert_eq!(net.1.item(), 4.0);
    /// ```
    ///
    /// # Panics
    /// If the momentum is not from 0 to 1.
    #[doc(alias("register_buffer", "buffer"))]
    #[track_caller]
    pub fn statistic(value: Tensor<T>, momentum: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&momentum),
            "Param::statistic: expected a momentum from 0 to 1, found {momentum}\n  help: it is the share of what is new; 0.1 is usual"
        );
        let news = Tensor::zeros([value.size() + 1]).requires_grad();
        Param { value: value.detach(), statistic: Some(Statistic { momentum, news }), path: None }
    }

    /// The tensor `x`, with which the statistic is told `value`: it is told if a gradient passes through the result.
    ///
    /// ```
    /// use nn::{Param, Tensor};
    /// let (x, mean) = (Tensor::scalar(2.0_f32).requires_grad(), Param::statistic(Tensor::scalar(0.0), 0.1));
    /// let loss = mean.tell(&x, &Tensor::scalar(5.0)).square();
    /// assert_eq!((loss.item(), mean.item()), (4.0, 0.0)); // the 5 waits among the gradients for a step
    /// assert_eq!(loss.backward()[&x].item(), 4.0);
    /// ```
    ///
    /// # Panics
    /// If this is no statistic, or the value has another shape.
    #[track_caller]
    pub fn tell(&self, x: &Tensor<T>, value: &Tensor<T>) -> Tensor<T> {
        let Some(Statistic { news, .. }) = &self.statistic else {
            panic!("tell: this parameter is a weight\n  help: make it by `Param::statistic`")
        };
        assert!(
            value.shape() == self.value.shape(),
            "tell: the statistic has shape {}, what it is told has {}\n  help: they must be equal",
            self.value.shape(),
            value.shape()
        );
        Tell { news: Tensor::concat(&[&value.detach().reshape([value.size()]), &Tensor::ones([1])], 0) }
            .apply([x, news])
    }

    /// Whether this is a statistic, and not a weight.
    pub fn is_statistic(&self) -> bool {
        self.statistic.is_some()
    }

    /// Whether an optimizer changes it by its gradient: a weight that is not frozen.
    pub fn is_trained(&self) -> bool {
        self.value.is_tracked()
    }

    /// Whether nothing changes it.
    pub fn is_frozen(&self) -> bool {
        match &self.statistic {
            Some(statistic) => !statistic.news.is_tracked(),
            None => !self.is_trained(),
        }
    }

    /// Keeps it as it is: [`Module::freeze`](crate::Module::freeze) does so for all parameters of a pattern.
    pub fn freeze(&mut self) {
        match &mut self.statistic {
            Some(statistic) => statistic.news = statistic.news.detach(),
            None => self.value = self.value.detach(),
        }
    }

    /// Lets it learn again.
    pub fn unfreeze(&mut self) {
        if self.is_frozen() {
            match &mut self.statistic {
                Some(statistic) => statistic.news = statistic.news.detach().requires_grad(),
                None => self.value = self.value.detach().requires_grad(),
            }
        }
    }

    /// Panics, on behalf of the layer that it belongs to, unless the input fits; says by its path which layer that is, if it is known.
    #[track_caller]
    #[inline]
    pub(crate) fn must_fit(&self, fits: bool, layer: &str, x: &Shape, expected: &dyn Fn() -> String) {
        if !fits {
            self.blame(layer, &format!("found an input of shape {x}, expected {}", expected()))
        }
    }

    /// Panics, on behalf of the layer that it belongs to, and names that by its path, if it is known.
    #[cold]
    #[track_caller]
    #[inline(never)]
    pub(crate) fn blame(&self, layer: &str, problem: &str) -> ! {
        match self.path.as_deref().and_then(|path| path.rsplit_once('.')) {
            Some((path, _)) => fail(&format!("{layer} `{path}`: {problem}")),
            None => fail(&format!("{layer}: {problem}")),
        }
    }

    /// Lets it know its path.
    pub(crate) fn set_path(&mut self, path: &Path) {
        if self.path.as_deref() != Some(path.as_str()) {
            self.path = Some(path.as_str().into());
        }
    }

    /// Another handle to the same parameter, for a graph to hold.
    pub(crate) fn alias(&self) -> Self {
        Param { value: self.value.clone(), statistic: self.statistic.clone(), path: self.path.clone() }
    }

    /// Moves a statistic towards what was told on the way to these gradients, by this share of the way, or else by its momentum; whether
    /// it was told something.
    pub(crate) fn learn(&mut self, grads: &Gradients<T>, share: Option<f64>) -> bool {
        let Some((statistic, told)) =
            self.statistic.as_ref().and_then(|statistic| Some((statistic, grads.get(&statistic.news)?)))
        else {
            return false;
        };
        let share = share.unwrap_or(statistic.momentum);
        let told = told.array().view().contiguous();
        let (count, told) = told.split_last().expect("one number more than the statistic");
        let (keep, share) = (T::of(1.0 - share), T::of(share) / *count);
        self.value
            .update(|value| value.iter_mut().zip(told).for_each(|(v, &told)| *v = keep * *v + share * told));
        true
    }

    /// Changes the elements, in row-major order, in place. Graphs recorded before keep the old value.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut [T]) -> R) -> R {
        self.value.update(change)
    }
}

/// The identity of its first input. What comes back to the second is no derivative, but the news.
#[derive(Debug)]
struct Tell<T: Scalar> {
    news: Tensor<T>,
}

impl<T: Scalar> Op<T, 2> for Tell<T> {
    fn shape(&self, [x, _]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        Ok(x.clone())
    }
    fn forward(&self, [x, _]: [View<'_, T>; 2], y: &mut [T]) {
        y.copy_from_slice(&x.contiguous());
    }
    fn backward(&self, i: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if i == 0 { dy.clone() } else { self.news.clone() }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

impl<T: Scalar> Deref for Param<T> {
    type Target = Tensor<T>;
    #[inline]
    fn deref(&self) -> &Tensor<T> {
        &self.value
    }
}

impl<T: Scalar> AsRef<Tensor<T>> for Param<T> {
    fn as_ref(&self) -> &Tensor<T> {
        &self.value
    }
}

impl<T: Scalar> Clone for Param<T> {
    fn clone(&self) -> Self {
        let statistic = self.statistic.as_ref().map(|Statistic { momentum, news }| Statistic {
            momentum: *momentum,
            news: if news.is_tracked() { news.detach().requires_grad() } else { news.clone() },
        });
        let value = self.value.detach();
        Param { value: if self.is_trained() { value.requires_grad() } else { value }, statistic, path: None }
    }
}

impl<T: Scalar> fmt::Debug for Param<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param<{}> {}", T::NAME, self.shape())
    }
}

impl<T: Scalar> Index<&Param<T>> for Gradients<T> {
    type Output = Tensor<T>;

    /// The gradient with respect to a parameter.
    ///
    /// # Panics
    /// If the parameter took no part.
    #[track_caller]
    fn index(&self, param: &Param<T>) -> &Tensor<T> {
        &self[&param.value]
    }
}

/// `+ - * /` between parameters, by reference, and tensors, owned or by reference.
macro_rules! arithmetic {
    ($($Op:ident $op:ident),*) => {$(
        arithmetic!($Op $op, &Param<T>, &Param<T>, |a, b| (&a.value, &b.value));
        arithmetic!($Op $op, &Param<T>, &Tensor<T>, |a, b| (&a.value, b));
        arithmetic!($Op $op, &Param<T>, Tensor<T>, |a, b| (&a.value, b));
        arithmetic!($Op $op, &Param<T>, T, |a, b| (&a.value, b));
        arithmetic!($Op $op, &Tensor<T>, &Param<T>, |a, b| (a, &b.value));
        arithmetic!($Op $op, Tensor<T>, &Param<T>, |a, b| (a, &b.value));
    )*};
    ($Op:ident $op:ident, $A:ty, $B:ty, |$a:ident, $b:ident| $tensors:expr) => {
        impl<T: Scalar> ops::$Op<$B> for $A {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, $b: $B) -> Tensor<T> {
                let $a = self;
                let (a, b) = $tensors;
                ops::$Op::$op(a, b)
            }
        }
    };
}
arithmetic!(Add add, Sub sub, Mul mul, Div div);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_has_a_gradient_of_its_own_and_copies_on_write() {
        let mut a = Param::new(Tensor::from([1.0, 2.0]));
        let b = a.clone();
        let grads = (&*a * &*b).sum().backward();
        a.update(|a| a[0] = 9.0);
        assert_eq!(b.to_vec(), [1.0, 2.0]);
        assert_eq!((grads[&a].to_vec(), grads[&b].to_vec()), (vec![1.0, 2.0], vec![1.0, 2.0]));
        assert_eq!(grads.len(), 2);
    }

    #[test]
    fn parameters_and_tensors_mix_in_arithmetic() {
        let (a, b) = (Param::new(Tensor::from([8.0])), Tensor::from([2.0]));
        let results = [&a + &a, &a - &b, &a * b.clone(), &a / 4.0, &b - &a, b.clone() / &a];
        assert_eq!(results.map(|y| y.item()), [16.0, 6.0, 16.0, 2.0, -6.0, 0.25]);
    }

    #[test]
    fn a_graph_keeps_the_value_it_was_recorded_with() {
        let mut a = Param::new(Tensor::from([3.0]));
        let loss = (&*a * &*a).sum();
        a.update(|a| a[0] = 100.0);
        assert_eq!(loss.backward()[&a].to_vec(), [6.0]);
    }
}
