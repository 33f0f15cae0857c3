//! `wengert summary`: the columns and the layers of a model.

use crate::columns;
use crate::data::{self, Parts};
use crate::model::Network;
use crate::settings::Config;
use crate::tell::tell;
use std::error::Error;
use wengert::{Tensor, summary_of};

/// Prints what the trained model is made of, for which no samples are needed; if there is none yet, what a training would begin with.
pub(crate) fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let (net, description, own) = if Network::is_kept(config) {
        Network::load(config)?
    } else {
        let Parts { description, .. } = data::load(config)?;
        (Network::new(config, &description)?, description, config.clone())
    };
    tell(columns::of(&own, &description))?;
    tell(columns::in_order(&description))?;
    tell(summary_of(&net, &Tensor::zeros([&[1], &description.input[..]].concat())))?;
    Ok(())
}
