//! `wengert export`: a model for other programs.

use crate::model::Network;
use crate::settings::Config;
use crate::target::may_be_written;
use crate::tell::tell;
use std::error::Error;
use std::path::Path;
use wengert::{Tensor, export_onnx};

/// Writes the model in the format that the name of the file asks for.
pub(crate) fn run(config: &Config, file: &Path) -> Result<(), Box<dyn Error>> {
    may_be_written(config, file, None)?;
    let (net, description, own) = Network::load(config)?;
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => {
            let example = Tensor::zeros([&[2], &description.input[..]].concat());
            export_onnx(&net, &example, file)?;
        }
        Some("safetensors") => net.archive(&own, &description).write(file)?,
        _ => {
            return Err(format!(
                "{}: there is no such format\n  help: end the name in `.onnx` or `.safetensors`",
                file.display()
            )
            .into());
        }
    }
    tell(format_args!("written: {}\n", file.display()))?;
    Ok(())
}
