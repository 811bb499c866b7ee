//! Golden cases of sealing: `cases/sealing/*.case`, each rules, a mail, keys, what is asked and what becomes of the mail.

mod cases;
mod sealing_stage;

use policy::SealingRules;
use policy::sealing::decide;

#[test]
fn every_case_is_sealed_as_it_says() {
    cases::check("sealing", 25, "asked", |case| {
        let name = &case.name;
        let rules = format!("version = 1\n{}", case.section("rules"));
        let rules = SealingRules::from_toml(&rules, "sealing.toml").unwrap_or_else(|f| panic!("{name}: {f}"));
        let mail = sealing_stage::mail(case.section("mail"));
        let (asked, known) = sealing_stage::question(&mail, &rules, &sealing_stage::keys(case.section("keys")));
        let plan = decide(&mail, &rules, &known);
        format!("{asked}--- told\n{}", sealing_stage::shown(&plan))
    });
}
