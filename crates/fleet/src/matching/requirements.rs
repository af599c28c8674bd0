use samepath_wire::{GpuUse, Worker};
use serde_json::Value;

/// How many GPUs; names of other amounts of GPUs begin with it.
const GPU: &str = "amount.worker.gpu";

/// What of a kind's `hostRequirements` this worker has not, in words: "needs 1 GPU". Names and values are compared without case,
/// as Open Job Description says. An amount that the worker does not advertise is 0, an attribute has no value.
pub fn unmet(needs: &Value, worker: &Worker) -> Vec<String> {
    let list = |key| needs.get(key).and_then(Value::as_array).into_iter().flatten();
    let amounts = list("amounts").filter_map(|need| amount(need, worker));
    let attributes = list("attributes").flat_map(|need| attribute(need, worker));
    amounts.chain(attributes).collect()
}

/// Who uses the GPUs of this worker, where a kind names GPUs among its `hostRequirements` and each one is in use. A `min` of 0 names
/// them, too: such a kind uses a GPU where there is one.
pub(super) fn gpu_taken(needs: &Value, worker: &Worker) -> Option<GpuUse> {
    let mut amounts = needs.get("amounts").and_then(Value::as_array).into_iter().flatten();
    let wants = amounts.any(|need| name_of(need).starts_with(GPU));
    let taken: Option<Vec<&GpuUse>> = worker.gpus.iter().map(|gpu| gpu.taken.as_ref()).collect();
    wants.then_some(taken?.first().map(|by| (*by).clone())).flatten()
}

fn amount(need: &Value, worker: &Worker) -> Option<String> {
    let name = name_of(need);
    let has = worker.amounts.iter().find(|(own, _)| own.to_lowercase() == name).map_or(0.0, |(_, has)| *has);
    for (limit, fits) in
        [("min", (|has, limit| has >= limit) as fn(f64, f64) -> bool), ("max", |has, limit| has <= limit)]
    {
        let Some(value) = need.get(limit).filter(|value| !value.is_null()) else { continue };
        match number(value) {
            None => return Some(format!("needs {name} of {value}, which is not a number")),
            Some(value) if !fits(has, value) => {
                let word = if limit == "max" { "at most " } else { "" };
                return Some(format!("needs {word}{}, has {}", measure(&name, value), count(&name, has)));
            }
            Some(_) => {}
        }
    }
    None
}

fn attribute(need: &Value, worker: &Worker) -> Vec<String> {
    let name = name_of(need);
    let has: Vec<String> = worker
        .attributes
        .iter()
        .filter(|(own, _)| own.to_lowercase() == name)
        .flat_map(|(_, values)| values.iter().map(|value| value.to_lowercase()))
        .collect();
    let wanted = |key: &str| -> Option<Vec<String>> {
        let values = need.get(key)?.as_array()?;
        Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let is = if has.is_empty() { "unknown".to_owned() } else { has.join(", ") };
    let mut unmet = Vec::new();
    if let Some(any) = wanted("anyOf")
        && !any.iter().any(|value| has.contains(&value.to_lowercase()))
    {
        unmet.push(format!("needs {} {}, is {is}", attribute_words(&name), any.join(" or ")));
    }
    if let Some(all) = wanted("allOf")
        && !all.iter().all(|value| has.contains(&value.to_lowercase()))
    {
        unmet.push(format!("needs {} {}, is {is}", attribute_words(&name), all.join(" and ")));
    }
    unmet
}

fn name_of(need: &Value) -> String {
    need.get("name").and_then(Value::as_str).unwrap_or("something without a name").to_lowercase()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

/// An amount with its noun: "2 GPUs", "16 GiB of memory".
fn measure(name: &str, value: f64) -> String {
    let plural = if value == 1.0 { "" } else { "s" };
    match name {
        GPU => format!("{value} GPU{plural}"),
        "amount.worker.vcpu" => format!("{value} processor{plural}"),
        "amount.worker.memory" => format!("{} of memory", mebibytes(value)),
        "amount.worker.gpu.memory" => format!("{} of GPU memory", mebibytes(value)),
        _ => format!("{value} of {name}"),
    }
}

/// The same without its noun.
fn count(name: &str, value: f64) -> String {
    match name {
        "amount.worker.memory" | "amount.worker.gpu.memory" => mebibytes(value),
        _ if value == 0.0 => "none".to_owned(),
        _ => value.to_string(),
    }
}

/// Open Job Description counts memory in MiB.
fn mebibytes(value: f64) -> String {
    if value >= 1024.0 { format!("{} GiB", (value / 102.4).round() / 10.0) } else { format!("{value} MiB") }
}

fn attribute_words(name: &str) -> &str {
    match name {
        "attr.worker.os.family" => "the system",
        "attr.worker.cpu.arch" => "a processor of type",
        _ => name,
    }
}
