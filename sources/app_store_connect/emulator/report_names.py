"""The names of the reports that Apple makes for every app, by category.

Most are names that were seen in live listings (Apple adds and renames them); some twenty are
invented, to come to the 156 that an account listed in August 2026.
"""

_NAMES = {
    "FRAMEWORK_USAGE": """
        Accessibility Text Size Usage
        AccessorySetupKit Accessory Picker Sessions
        AccessorySetupKit Usage
        AirPlay Discovery Sessions
        Animoji Stickers Sent
        App Added to Focus
        App Disk Space Usage
        App Runtime Usage
        App Sessions Context
        Application Preferred Language Settings
        ARKit ARSession Duration
        ARKit ARSession Failures
        ARKit Capture Frame Rate Throttling
        ARKit Collaborative Session Features
        ARKit Face Tracking
        ARKit Video Formats
        ARKit World Tracking
        ARKit World Tracking Image Detection
        Audio Input Muting
        Audio Input Route and Duration and Call Mode
        Audio Session Audio Unit Usage
        Audio Volume Levels and Duration
        Automatic Speech Recognition Usage
        Barcode Scanner Sessions
        Bluetooth LE Advertising
        Bluetooth LE Connection Results
        Bluetooth LE Connections Per App
        Bluetooth LE Disconnection Results
        Bluetooth LE Scans
        Bluetooth LE Sessions
        Browser Choice Screen Engagement (iOS versions before 18.2)
        Browser Choice Screen Selection
        Call Services and Call Performance
        Camera Capture Sessions
        CarPlay Navigation
        Collaboration Message Usage
        Compass Calibration Requests
        Core Location Authorization Results
        Core Location Geofencing
        CRABS-Based Video Playback Usage
        Custom Language Model Builds Started
        Customized Transcription Requests
        Default Browser Usage Rate
        DockKit App Usage
        Dynamic Island Layout Changes
        File-Based Video Playback Usage
        Flashlight Usage
        Focus Filter Usage
        Game Controller Haptics Engine Creation
        Game Controller Sessions
        Handoff Activity Usage
        Haptics Engine Usage
        Home Screen Widget Installs
        Home Screen Widget Rotations
        Home Screen Widget Usage
        Home Screen Widgets
        HTTP Live Streaming Playback Count
        HTTP Live Streaming Video Playback Usage
        iBeacon Add Region Usage
        iBeacon Ranging Usage
        iBeacon Stop Monitoring for Region Usage
        Journal Suggestion Picks
        Keyboard Dictation Usage
        Live Activity Use
        Load CoreML Models Metrics
        Local Network Privacy
        Location Sessions
        Lock Screen Widget Configuration
        MapKit Snapshot Requests
        Metal Command Queues
        Mode Activity Notifications
        Motion Activity Queries
        Multiple Game Controllers Usage
        Nearby Interaction Sessions
        Notification Summary Engagement
        PencilKit Canvas Usage
        Photogrammetry ObjectCaptureSession API Usage
        PhotogrammetrySession API Usage
        PhotoKit Imports
        Photos Library Access
        Photos Picker
        Photos Sharing
        Push To Talk Sessions
        Quick Look Previews
        Reminders Usage
        RoomPlan Usage
        Safari Extensions Enablement
        Safari Extensions Usage
        Screen Recording Sessions
        Shared With You Content Engagement
        SharePlay Usage by Activity Type
        ShazamKit Usage
        Shortcut Action Runs
        Siri Intent Requests
        Spatial Audio Usage
        Speech Framework Transcription Request Audio Duration
        Speech Framework Transcription Requests
        StoreKit View Presentations
        Text-Input Actions
        Translation Request Usage
        Verify With Wallet Document Request Availability
        Verify with Wallet Document Requests
        Video Duration Information
        Video PiP Duration
        Vision Text Requests
        VisionKit Data Detectors
        VisionKit Image Analysis
        VisionKit Live Text Usage
        VisionKit Sessions
        Wi-Fi Known Network Modifications
    """,
    "PERFORMANCE": """
        AirPlay Errors
        AirPlay Performance
        App Crashes Expanded
        App Install Performance
        App Storage Reads and Writes
        Audio Overloads
        Background Task Expirations
        Bluetooth LE Session Duration
        Bluetooth System Wakes
        CAMetalLayer Performance
        Custom Language Model Builds Failed
        Database Write Stalls
        Display Power Information
        HTTP Live Streaming Playback Errors
        Launch Image Over Memory Limit
        Networking Connection Activity
        Scroll Hitch Rate
        Spotlight Query Performance
        Streaming Downloads Performance
        Streaming Playback Performance
        Thermal State Changes
    """,
    "COMMERCE": """
        App Downloads Detailed
        App Downloads Standard
        App Store Pre-Orders Detailed
        App Store Pre-Orders Standard
        App Store Purchases Detailed
        App Store Purchases Standard
        App Store Subscription Event Report Detailed
        App Store Subscription Event Report Standard
        App Store Subscription State Report Detailed
        App Store Subscription State Report Standard
    """,
    "APP_USAGE": """
        App Clip Usage Detailed
        App Clip Usage Standard
        App Crashes
        App Opt In
        App Sessions Detailed
        App Sessions Standard
        App Store Installation and Deletion Detailed
        App Store Installation and Deletion Standard
        CarPlay App Usage
        Platform App Installs
    """,
    "APP_STORE_ENGAGEMENT": """
        App Store Discovery and Engagement Detailed
        App Store Discovery and Engagement Standard
        App Store Web Preview Engagement Detailed
        App Store Web Preview Engagement Standard
        Retention Messaging
    """,
}

REPORT_NAMES: tuple[tuple[str, str], ...] = tuple(
    (line.strip(), category)
    for category, block in _NAMES.items()
    for line in block.strip().splitlines()
)
"""Every (report name, category)."""
