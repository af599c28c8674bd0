//! Which models `sleap-nn` predicts with together.

use super::config::Configuration;
use super::failure;
use samepath_wire::{Cause, Failure};

/// What finds the animals, for a second model to look at each.
const FIRST: &str = "centroid";
/// What looks at each animal.
const SECOND: [&str; 3] = ["centered_instance", "multi_class_topdown", "centered_instance_segmentation"];
/// What does all by itself.
const WHOLE: [&str; 5] =
    ["single_instance", "bottomup", "multi_class_bottomup", "bottomup_segmentation", "semantic_segmentation"];

/// Refuses, before anything is trained, models that could not predict together then. Of kinds that are not known here nothing is said.
pub(super) fn check(models: &[&Configuration]) -> Result<(), Failure> {
    let heads: Vec<&str> = models.iter().map(|model| model.head().unwrap_or_default()).collect();
    if fit(&heads) {
        return Ok(());
    }
    let named: Vec<String> = models.iter().zip(heads).map(|(model, head)| format!("{} ({head})", model.name)).collect();
    let message = format!(
        "THEN_PREDICT: sleap-nn cannot predict with these models together: {}. It takes one, or a top-down pair: {FIRST} and one of {}. \
         Train the others in jobs of their own, or predict nothing then",
        named.join(", "),
        SECOND.join(", ")
    );
    Err(failure(Cause::InvalidParameter, message))
}

fn fit(heads: &[&str]) -> bool {
    let is_known = |head: &&str| *head == FIRST || SECOND.contains(head) || WHOLE.contains(head);
    if !heads.iter().all(is_known) {
        return true;
    }
    match heads {
        [] | [_] => true,
        [one, other] => {
            let pair = |first: &str, second| first == FIRST && SECOND.contains(second);
            pair(one, other) || pair(other, one)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_top_down_pair_predicts_together_and_nothing_else_does() {
        for (heads, wanted) in [
            (&["bottomup"][..], true),
            (&["centroid"], true),
            (&["centroid", "centered_instance"], true),
            (&["multi_class_topdown", "centroid"], true),
            (&["centroid", "centered_instance_segmentation"], true),
            (&["centroid", "of_a_later_version"], true),
            (&["single_instance", "single_instance"], false),
            (&["single_instance", "bottomup"], false),
            (&["centroid", "bottomup"], false),
            (&["centroid", "centroid"], false),
            (&["centered_instance", "multi_class_topdown"], false),
            (&["centroid", "centered_instance", "multi_class_topdown"], false),
        ] {
            assert_eq!(fit(heads), wanted, "{heads:?}");
        }
    }
}
