//! What each page offers: fields, acts, doors.

use super::names::{Act, Page, RowName};
use super::view::Who;
use crate::session::event::Field;
use crate::session::view::KeyboardKind;

/// Who may open which page. An installer has a kiosk that serves nobody yet.
pub(super) fn may_open(who: &Who, page: Page) -> bool {
    match who {
        Who::Technician { .. } => !matches!(page, Page::Pin | Page::Refused),
        Who::Installer => matches!(
            page,
            Page::Overview
                | Page::Devices
                | Page::Network
                | Page::NetworkSettings
                | Page::Provisioning
                | Page::Time
        ),
    }
}

/// The pages that stand as buttons in the overview.
pub(super) fn doors(who: &Who, page: Page) -> Vec<Page> {
    const ALL: [Page; 11] = [
        Page::Devices,
        Page::Network,
        Page::Queue,
        Page::StorageHealth,
        Page::Update,
        Page::Logs,
        Page::Configuration,
        Page::Time,
        Page::Provisioning,
        Page::Report,
        Page::Wipe,
    ];
    if page != Page::Overview {
        return Vec::new();
    }
    let open = |page: &Page| may_open(who, *page);
    ALL.into_iter().filter(open).collect()
}

/// Where a row of the overview leads.
pub(super) fn behind(row: RowName) -> Option<Page> {
    Some(match row {
        RowName::Camera | RowName::Reader | RowName::Writer | RowName::Drives | RowName::Panel => {
            Page::Devices
        }
        RowName::Disk => Page::StorageHealth,
        RowName::Queue => Page::Queue,
        RowName::Link => Page::Network,
        RowName::Clock => Page::Time,
        RowName::Configuration => Page::Configuration,
        RowName::Update => Page::Update,
        RowName::Keys => Page::Provisioning,
        RowName::Program => Page::Logs,
        _ => return None,
    })
}

/// One page up.
pub(super) fn above(page: Page) -> Page {
    match page {
        Page::NetworkSettings => Page::Network,
        Page::Setting => Page::Configuration,
        // Leaving begins in the overview.
        Page::Overview => Page::WorkOrder,
        _ => Page::Overview,
    }
}

/// Whether the world has a table for it.
pub(super) fn is_examined(page: Page) -> bool {
    !matches!(
        page,
        Page::Pin
            | Page::Refused
            | Page::Devices
            | Page::NetworkSettings
            | Page::Setting
            | Page::WorkOrder
    )
}

pub(super) fn acts(who: &Who, page: Page) -> &'static [Act] {
    match (page, who) {
        (Page::Pin | Page::Refused, _) => &[],
        (Page::Overview, Who::Technician { .. }) => &[Act::TestAll, Act::LookAgain],
        (Page::Overview, Who::Installer) => &[Act::LookAgain],
        (Page::Devices, _) => &[Act::TestAll, Act::RestartCardService],
        (Page::Network, _) => &[Act::LookAgain, Act::EditNetwork, Act::AutomaticNetwork],
        (Page::NetworkSettings, _) => &[Act::SaveNetwork],
        (Page::Queue, _) => &[Act::RetryUploads, Act::ExportQueue, Act::LookAgain],
        (Page::StorageHealth, _) => &[Act::LookAgain],
        (Page::Logs, _) => &[Act::FilterLogs, Act::ExportLogs, Act::LookAgain],
        (Page::Configuration, _) => &[Act::RestartKiosk, Act::LookAgain],
        (Page::Setting, _) => &[Act::SaveSetting, Act::ClearSetting],
        (Page::Provisioning, _) => &[Act::ProvisionFromDrive, Act::Provision],
        (Page::Time, _) => &[Act::SetTime, Act::LookAgain],
        (Page::Update, _) => &[Act::AskForUpdate, Act::InstallFromDrive, Act::LookAgain],
        (Page::Wipe, _) => &[Act::AskWipe],
        (Page::Report, _) => &[Act::ReportToDrive, Act::ReportToOffice],
        (Page::WorkOrder, _) => &[Act::Leave],
    }
}

pub(super) fn fields(page: Page) -> &'static [Field] {
    match page {
        Page::Pin => &[Field::TechnicianPin],
        Page::NetworkSettings => &[
            Field::NetworkAddress,
            Field::NetworkGateway,
            Field::NameServers,
        ],
        Page::Setting => &[Field::SettingValue],
        Page::Provisioning => &[Field::ProvisioningToken],
        Page::Time => &[Field::ClockDate, Field::ClockTime],
        _ => &[],
    }
}

pub(super) fn keyboard(page: Page) -> KeyboardKind {
    match page {
        Page::Pin => KeyboardKind::Full,
        Page::NetworkSettings | Page::Setting | Page::Provisioning | Page::Time => {
            KeyboardKind::Full
        }
        _ => KeyboardKind::None,
    }
}
