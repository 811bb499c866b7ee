//! Billing records of those who host for others: each settled month and each pack of sites with a plan, written down long before the sweep
//! forgets what they were made of.

use crate::gateway::Shared;
use policy::Fault;
use policy::meter::billing::{month_name, of_month, of_packs, settled_month};
use policy::meter::{Capacity, Month};
use store::Micros;

const DAY: Micros = 86_400 * 1_000_000;
/// Months that are made up for when nobody wrote them down in time; what was counted is hardly kept for longer.
const MONTHS_BACK_MAX: usize = 12;

/// Writes down what is not there yet; it is looked once for the same plans and the same month.
pub(crate) async fn write(shared: &Shared) -> Result<(), Fault> {
    let (store, plans) = (&shared.store, shared.meter.plans());
    if plans.is_empty() {
        return Ok(());
    }
    let settled = settled_month(store.now().await?.div_euclid(DAY));
    if shared.meter.is_billed(&plans, settled) {
        return Ok(());
    }
    for plan in plans.iter() {
        let mut records = of_packs(plan);
        for month in missing(shared, plan, settled).await? {
            let from = plan.first_month(month.end_day() - 1).first_day();
            records.extend(of_month(plan, month, &store.counted(None, from, month.end_day()).await?));
        }
        let new = store.write_billing(&records).await?;
        if new > 0 {
            tracing::info!(contents = new, "billing records were written");
        }
    }
    shared.meter.note_billed(plans, settled);
    Ok(())
}

/// The settled months that a site of the plan has no record of, since its last one; the last of them alone for one that has none.
async fn missing(shared: &Shared, plan: &Capacity, settled: Month) -> Result<Vec<Month>, Fault> {
    let mut first = settled.next();
    for site in &plan.sites {
        let names = shared.store.billing_names(site).await?;
        let mut month = settled;
        for _ in 0..MONTHS_BACK_MAX {
            if names.contains(&month_name(month)) {
                month = month.next();
                break;
            }
            month = month.before();
        }
        let has_any = names.iter().any(|name| name.starts_with("month/"));
        first = first.min(if has_any { month } else { settled });
    }
    let mut months = Vec::new();
    while first <= settled {
        months.push(first);
        first = first.next();
    }
    Ok(months)
}
