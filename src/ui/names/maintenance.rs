//! Maintenance mode's names and the screens' names for the same things.

use exchange::work_order::Action;

use super::Named;
use super::screen;
use crate::maintenance::{Act, Device, Hint, Layer, Light, Page, Refusal, RowName, Word};

both_ways!(Page, screen::PageName, page {
    Pin = Pin, Refused = Refused, Overview = Overview, Devices = Devices, Network = Network,
    NetworkSettings = NetworkSettings, Queue = Queue, StorageHealth = StorageHealth, Logs = Logs,
    Configuration = Configuration, Setting = Setting, Provisioning = Provisioning, Time = Time,
    Update = Update, Wipe = Wipe, Report = Report, WorkOrder = WorkOrder,
});

both_ways!(Device, screen::DeviceName, device {
    Camera = Camera, Reader = Reader, Writer = Writer, Drive = Drive, Touch = Touch,
    Display = Display, Panel = Panel,
});

both_ways!(Act, screen::ActName, act {
    TestAll = TestAll, LookAgain = LookAgain, RetryUploads = RetryUploads,
    ExportQueue = ExportQueue, ExportLogs = ExportLogs, FilterLogs = FilterLogs,
    RestartCardService = RestartCardService, RestartKiosk = RestartKiosk,
    EditNetwork = EditNetwork, SaveNetwork = SaveNetwork, AutomaticNetwork = AutomaticNetwork,
    SaveSetting = SaveSetting, ClearSetting = ClearSetting, Provision = Provision,
    ProvisionFromDrive = ProvisionFromDrive, SetTime = SetTime, AskForUpdate = AskForUpdate,
    InstallFromDrive = InstallFromDrive, AskWipe = AskWipe, Wipe = Wipe,
    ReportToDrive = ReportToDrive, ReportToOffice = ReportToOffice, Leave = Leave,
});

both_ways!(Action, screen::ActionName, action {
    Inspected = Inspected, Cleaned = Cleaned, Replaced = Replaced, Restarted = Restarted,
    Configured = Configured, Updated = Updated, QueueExported = QueueExported, Other = Other,
});

one_way!(RowName, screen::RowTitle {
    Camera = Camera, Reader = Reader, Writer = Writer, Drives = Drives, Panel = Panel,
    Disk = Disk, Queue = Queue, Link = Link, Clock = Clock, Configuration = Configuration,
    Update = Update, Keys = Keys, Program = Program, KioskVersion = KioskVersion,
    ImageVersion = ImageVersion, KernelVersion = KernelVersion, Uptime = Uptime,
    FrameSize = FrameSize, FrameRate = FrameRate, Brightness = Brightness, Contrast = Contrast,
    Sharpness = Sharpness, AnswerToReset = AnswerToReset, TestCard = TestCard,
    ReadingTime = ReadingTime, TokenKind = TokenKind, PinTriesLeft = PinTriesLeft,
    AnswerTime = AnswerTime, DriveLabel = DriveLabel, FreeOnDrive = FreeOnDrive,
    DriveWritten = DriveWritten, DrivePulledOut = DrivePulledOut, PanelPicture = PanelPicture,
    Wired = Wired, Wifi = Wifi, Mobile = Mobile, Address = Address, Gateway = Gateway,
    NameResolution = NameResolution, Connection = Connection, Tls = Tls,
    ClockDifference = ClockDifference, OfficeAnswer = OfficeAnswer, Waiting = Waiting,
    Quarantined = Quarantined, Oldest = Oldest, LastError = LastError, QueueBytes = QueueBytes,
    FreeSpace = FreeSpace, SpaceFloor = SpaceFloor, Ballast = Ballast,
    DatabaseBytes = DatabaseBytes, WalBytes = WalBytes, SyncTime = SyncTime,
    FileSystem = FileSystem, DatabaseVersion = DatabaseVersion, LogLine = LogLine,
    Setting = Setting, Kiosk = Kiosk, OfficeAddress = OfficeAddress, Provisioned = Provisioned,
    DeviceKey = DeviceKey, OwnWords = OwnWords, OfficeWords = OfficeWords,
    CertificateUntil = CertificateUntil, WallClock = WallClock, ClockTrust = ClockTrust,
    OfficeTime = OfficeTime, TimeZone = TimeZone, Offer = Offer, OfferWindow = OfferWindow,
    Fetched = Fetched, LastResult = LastResult, BootedSlot = BootedSlot, OtherSlot = OtherSlot,
    Unsent = Unsent, Erased = Erased, ReportNumber = ReportNumber, MadeAt = MadeAt,
    SentAt = SentAt, WrittenTo = WrittenTo, Technician = Technician, Began = Began, Done = Done,
});

one_way!(Word, screen::WordName {
    Yes = Yes, No = No, Works = Works, Missing = Missing, Silent = Silent, NotNeeded = NotNeeded,
    NotTested = NotTested, ReadOnly = ReadOnly, Writable = Writable, Automatic = Automatic,
    ByHand = ByHand, Never = Never, InTpm = InTpm, InFile = InFile,
    NotProvisioned = NotProvisioned, AwaitingOffice = AwaitingOffice, Provisioned = Provisioned,
    ConfirmedByOffice = ConfirmedByOffice, Floor = Floor, Doubtful = Doubtful, Good = Good,
    Bad = Bad, Booted = Booted, Installed = Installed, RolledBack = RolledBack, Failed = Failed,
    Up = Up, Down = Down, NotThere = NotThere, OnIdCard = OnIdCard, Compare = Compare,
    Inspected = Inspected, Cleaned = Cleaned, Replaced = Replaced, Restarted = Restarted,
    Configured = Configured, Updated = Updated, QueueExported = QueueExported, Other = Other,
});

one_way!(Hint, screen::HintName {
    InsertTestCard = InsertTestCard, TakeCardOut = TakeCardOut,
    InsertTestToken = InsertTestToken, TakeTokenOut = TakeTokenOut, InsertDrive = InsertDrive,
    PullDriveOut = PullDriveOut, JudgePicture = JudgePicture, TouchEveryField = TouchEveryField,
    JudgeColour = JudgeColour, JudgePanel = JudgePanel,
});

one_way!(Refusal, screen::RefusalName {
    NoDrive = NoDrive, SeveralDrives = SeveralDrives, DriveFailed = DriveFailed,
    NoBundle = NoBundle, SeveralBundles = SeveralBundles, BundleRefused = BundleRefused,
    NoSpace = NoSpace, NothingToDo = NothingToDo, OfficeUnreachable = OfficeUnreachable,
    OfficeRefused = OfficeRefused, NoToken = NoToken, TokenRefused = TokenRefused,
    BadValue = BadValue, BadAddress = BadAddress, BadTime = BadTime,
    CitizenPresent = CitizenPresent, UnsentSubmissions = UnsentSubmissions,
    NotConfirmedInTime = NotConfirmedInTime, Busy = Busy,
    StewardUnreachable = StewardUnreachable, NotPossibleHere = NotPossibleHere, Failed = Failed,
    CardExpired = CardExpired, CardNotYet = CardNotYet, CardRevoked = CardRevoked,
    ListTooOld = ListTooOld, PinBlocked = PinBlocked, CardFailed = CardFailed,
    CardPulled = CardPulled, KeyRefused = KeyRefused,
});

one_way!(Light, screen::LightName {
    None = None, Good = Good, Warning = Warning, Bad = Bad, Running = Running,
});

one_way!(Layer, screen::LayerName {
    BuiltIn = BuiltIn, Image = Image, Office = Office, Local = Local,
});
