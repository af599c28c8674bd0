//! Further settings, as a person writes them: `key=value`, one a line.

use super::config::looks_like_a_path;
use serde_json::Value;

/// Why of several configurations none is gone on with.
pub(super) const ONE_MODEL: &str = "a checkpoint is of one model; give its one configuration";
/// No job has more.
const MOST: usize = 100;
/// Keys that have a parameter of their own; with what to use instead.
const OTHERWISE: &[(&str, &str)] = &[
    ("data_config.train_labels_path", "LABELS"),
    ("data_config.val_labels_path", "VAL_LABELS"),
    ("trainer_config.ckpt_dir", "OUTPUT_DIR"),
    ("trainer_config.run_name", "RUN_NAME"),
    ("trainer_config.resume_ckpt_path", "RESUME_FROM"),
    ("trainer_config.max_epochs", "MAX_EPOCHS"),
];
/// Keys that carry files, addresses, commands or credentials.
const REFUSED: &[&str] = &[
    "data_config.test_file_path",
    "data_config.cache_img_path",
    "data_config.skeletons",
    "data_config.provider",
    "model_config.pretrained_backbone_weights",
    "model_config.pretrained_head_weights",
    "trainer_config.wandb",
    "trainer_config.use_wandb",
    "trainer_config.profiler",
];
/// Keys by which a training is followed, stopped and taken up.
const NEEDED: &[&str] = &[
    "trainer_config.zmq",
    "trainer_config.enable_progress_bar",
    "trainer_config.save_ckpt",
    "trainer_config.model_ckpt.save_last",
    "trainer_config.model_ckpt.save_top_k",
];

/// The settings, in order.
///
/// # Errors
/// The first line that is not understood or not let through, and why.
pub(super) fn read(text: &str) -> Result<Vec<(String, Value)>, String> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut settings = Vec::new();
    for (index, line) in lines {
        let setting = one(line)
            .and_then(|setting| if settings.len() < MOST { Ok(setting) } else { Err("there are too many".to_owned()) })
            .map_err(|why| format!("line {}: {why}", index + 1))?;
        settings.push(setting);
    }
    Ok(settings)
}

fn one(line: &str) -> Result<(String, Value), String> {
    let (key, value) = line.split_once('=').ok_or("write key=value, for example trainer_config.seed=7")?;
    let key = key.trim();
    let named = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let section = key.split('.').next().unwrap_or_default();
    if !matches!(section, "data_config" | "model_config" | "trainer_config")
        || !key.contains('.')
        || !key.split('.').all(named)
    {
        return Err(format!(
            "{key:?} is no key; one begins with data_config., model_config. or trainer_config. and has letters, digits, _ and dots"
        ));
    }
    let is_or_below =
        |other: &&str| key == *other || key.starts_with(&format!("{other}.")) || other.starts_with(&format!("{key}."));
    if let Some((_, parameter)) = OTHERWISE.iter().find(|(other, _)| is_or_below(other)) {
        return Err(format!("{key} is set by the parameter {parameter}"));
    }
    if NEEDED.iter().any(is_or_below) {
        return Err(format!("{key} may not be set by a job: stopping it, and what it keeps, depend on that"));
    }
    if REFUSED.iter().any(is_or_below) || key.ends_with("_path") || key.ends_with("_dir") {
        return Err(format!("{key} may not be set by a job; write it into a configuration"));
    }
    let options = serde_saphyr::options! { strict_booleans: true };
    let value: Value = serde_saphyr::from_str_with_options(value.trim(), options)
        .map_err(|_| format!("the value of {key} is not understood; put a text with special characters in quotes"))?;
    check(key, &value)?;
    Ok((key.to_owned(), value))
}

fn check(key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains("${") => {
            Err(format!("the value of {key} is computed, which is not let through"))
        }
        Value::String(text) if looks_like_a_path(text) => Err(format!(
            "the value of {key} is a path or an address; only storage paths travel, as parameters of their own"
        )),
        Value::Array(items) => items.iter().try_for_each(|item| check(key, item)),
        Value::Object(_) => Err(format!("the value of {key} is more than one setting; write a line for each")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_what_they_look_like() {
        let text = "trainer_config.seed = 7\n\n# a remark\ndata_config.preprocessing.scale=0.5\ntrainer_config.optimizer_name=AdamW\nmodel_config.backbone_config.unet.filters=[1, 2]\ntrainer_config.trainer_accelerator='cpu'\ntrainer_config.early_stopping.min_delta=1e-06\ntrainer_config.keep_viz=true\ntrainer_config.model_ckpt.monitor=eval/val/x\ntrainer_config.seed=null\ndata_config.x='a=b, [c]: \"d\"'\n";
        let values: Vec<Value> = read(text).unwrap().into_iter().map(|(_, value)| value).collect();
        assert_eq!(
            values,
            [
                json!(7),
                json!(0.5),
                json!("AdamW"),
                json!([1, 2]),
                json!("cpu"),
                json!(1e-6),
                json!(true),
                json!("eval/val/x"),
                json!(null),
                json!("a=b, [c]: \"d\"")
            ]
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn keys_that_carry_more_than_a_value_are_refused() {
        for (line, part) in [
            ("seed", "write key=value"),
            ("seed=7", "is no key"),
            ("+trainer_config.seed=7", "is no key"),
            ("~trainer_config.seed=", "is no key"),
            ("hydra.run.dir=/tmp", "is no key"),
            ("trainer_config=7", "is no key"),
            ("trainer_config.run_name=x", "parameter RUN_NAME"),
            ("trainer_config.wandb.entity=x", "may not be set by a job"),
            ("trainer_config.zmq={}", "stopping it, and what it keeps, depend on that"),
            ("trainer_config.enable_progress_bar=false", "may not be set by a job: stopping it"),
            ("trainer_config.model_ckpt.save_last=false", "may not be set by a job: stopping it"),
            ("trainer_config.model_ckpt.save_top_k=0", "may not be set by a job: stopping it"),
            ("trainer_config.model_ckpt=null", "may not be set by a job: stopping it"),
            ("trainer_config.x=.inf", "is not understood"),
            ("model_config.pretrained_head_weights=x", "may not be set by a job"),
            ("data_config.some_path=x", "may not be set by a job"),
            ("trainer_config.x=/etc/passwd", "a path or an address"),
            ("trainer_config.x=[s3://bucket]", "a path or an address"),
            ("trainer_config.x=${oc.env:HOME}", "computed"),
            ("trainer_config.x={a: 1}", "more than one setting"),
            ("trainer_config.x=[", "is not understood"),
            ("trainer_config.x=a: b: c", "is not understood"),
        ] {
            let message = read(&format!("# one\n{line}")).unwrap_err();
            assert!(message.starts_with("line 2: ") && message.contains(part), "{line}: {message}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_no_path_gets_through(line in "(trainer_config|data_config)\\.[a-z_.]{1,12}=.{0,30}") {
            for (key, value) in read(&line).unwrap_or_default() {
                prop_assert!(check(&key, &value).is_ok());
                prop_assert!(!key.ends_with("_path"));
            }
        }

        #[test]
        fn a_quoted_text_is_itself(text in "[a-zA-Z ,=\\[\\]'\"(){}:#é-]{0,30}") {
            let line = format!("trainer_config.x={}", json!(text));
            prop_assert_eq!(read(&line).unwrap(), [("trainer_config.x".to_owned(), json!(text))]);
        }
    }
}
