//! What somebody probably meant by a name that there is not.

/// Names that other programs have for what is called otherwise here.
const SYNONYMS: [(&str, &str); 63] = [
    ("validation_split", "validation_share"),
    ("architecture", "kind"),
    ("type", "kind"),
    ("layers", "hidden"),
    ("hidden_layers", "hidden"),
    ("hidden_size", "hidden"),
    ("hidden_sizes", "hidden"),
    ("units", "hidden"),
    ("nonlinearity", "activation"),
    ("drop", "dropout"),
    ("filters", "channels"),
    ("convolutions", "channels"),
    ("pooling", "pool"),
    ("bn", "batch_norm"),
    ("input_shape", "image"),
    ("n_epochs", "epochs"),
    ("num_epochs", "epochs"),
    ("max_epochs", "epochs"),
    ("iterations", "epochs"),
    ("batch_size", "batch"),
    ("random_state", "seed"),
    ("random_seed", "seed"),
    ("solver", "optimizer"),
    ("lr", "rate"),
    ("learning_rate", "rate"),
    ("eta", "rate"),
    ("beta", "momentum"),
    ("wd", "weight_decay"),
    ("decay", "weight_decay"),
    ("l2", "weight_decay"),
    ("scheduler", "schedule"),
    ("lr_schedule", "schedule"),
    ("lr_scheduler", "schedule"),
    ("grad_clip", "clip_norm"),
    ("gradient_clip", "clip_norm"),
    ("max_norm", "clip_norm"),
    ("criterion", "loss"),
    ("objective", "loss"),
    ("smoothing", "label_smoothing"),
    ("patience", "early_stopping"),
    ("num_workers", "workers"),
    ("threads", "workers"),
    ("type", "format"),
    ("path", "train"),
    ("file", "train"),
    ("data", "train"),
    ("label", "target"),
    ("labels", "target"),
    ("y", "target"),
    ("ignore", "leave_out"),
    ("exclude", "leave_out"),
    ("separator", "delimiter"),
    ("sep", "delimiter"),
    ("normalize", "scale"),
    ("scaling", "scale"),
    ("test_size", "test_share"),
    ("test_split", "test_share"),
    ("regression", "numbers"),
    ("rotation", "rotate"),
    ("translate", "shift"),
    ("mirror", "flip"),
    ("output", "folder"),
    ("dir", "folder"),
];

/// What was probably meant of these names, or all that there are.
pub(crate) fn instead(found: &str, names: &[&str], are: &str) -> String {
    meant(found, names).unwrap_or_else(|| list(names, are))
}

/// As [`instead`], with all that there are in any case: of values, the likeliest may be none that one wants.
pub(crate) fn instead_of_all(found: &str, names: &[&str], are: &str) -> String {
    let all = list(names, are);
    meant(found, names).map_or(all.clone(), |meant| format!("{meant} {all}"))
}

/// What was probably meant of these names, if one is like it.
pub(crate) fn meant(found: &str, names: &[&str]) -> Option<String> {
    let likeness = |name: &&&str| (1000.0 * strsim::jaro_winkler(found, name)) as u32;
    let usual = found.to_lowercase().replace('-', "_");
    let known = SYNONYMS.iter().find(|(synonym, name)| *synonym == usual && names.contains(name));
    let other_case = || names.iter().find(|name| name.to_lowercase() == found.to_lowercase());
    // A slip of the finger, which in short names makes them unlike.
    let slip = || names.iter().find(|name| name.len() > 2 && strsim::osa_distance(found, name) == 1);
    let likely = || names.iter().max_by_key(likeness).filter(|name| likeness(name) > 780);
    let name = known.map(|(_, name)| name).or_else(other_case).or_else(likely).or_else(slip)?;
    Some(format!("did you mean `{name}`?"))
}

fn list(names: &[&str], are: &str) -> String {
    format!("{are} {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_lead_to_those_of_here() {
        let training = ["epochs", "batch", "rate", "weight_decay", "clip_norm", "early_stopping"];
        for (found, meant) in [
            ("lr", "rate"),
            ("Learning-Rate", "rate"),
            ("batch_size", "batch"),
            ("wd", "weight_decay"),
            ("patience", "early_stopping"),
        ] {
            assert_eq!(instead(found, &training, "they are"), format!("did you mean `{meant}`?"));
        }
        // One name may stand for several.
        assert_eq!(instead("type", &["kind", "hidden"], "they are"), "did you mean `kind`?");
        assert_eq!(instead("type", &["format", "train"], "they are"), "did you mean `format`?");
        assert_eq!(instead("lr", &["shift", "flip"], "they are"), "they are `shift`, `flip`");
    }

    /// A name that was renamed here would be suggested for nothing.
    #[test]
    fn what_is_suggested_is_there() {
        let reference = include_str!("../reference.md");
        for (synonym, name) in SYNONYMS {
            let is_there =
                [format!("`{name}`"), format!("`\"{name}\"`")].iter().any(|name| reference.contains(name));
            let is_a_key = reference.contains(&format!("| `{synonym}`"));
            assert!(is_there && !is_a_key, "{synonym} for {name}");
        }
    }
}
