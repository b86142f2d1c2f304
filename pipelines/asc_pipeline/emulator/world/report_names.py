"""The names of the reports that Apple makes for every app, by category.

They were seen in live listings and in Apple's documentation by November 2026. An account listed
156, so a few are missing; Apple adds and renames them.
"""

_NAMES = {
    "FRAMEWORK_USAGE": """
        ARKit ARSession Duration
        ARKit ARSession Failures
        ARKit Capture Frame Rate Throttling
        ARKit Collaborative Session Features
        ARKit Face Tracking
        ARKit Video Formats
        ARKit World Tracking
        ARKit World Tracking Image Detection
        AccessorySetupKit Accessory Picker Sessions
        AccessorySetupKit Usage
        AirPlay Discovery Sessions
        Animoji Stickers Sent
        App Added to Focus
        App Disk Space Usage
        App Extended Launch Usage
        App HangTracer Usage
        App Runtime Usage
        App Sessions Context
        Application Preferred Language Settings
        Audio Input Muting
        Audio Input Route and Duration and Call Mode
        Audio Session Audio Unit Usage
        Audio Volume Levels and Duration
        Automatic Speech Recognition Usage
        Bluetooth LE Advertising
        Bluetooth LE Connection Results
        Bluetooth LE Connections Per App
        Bluetooth LE Disconnection Results
        Bluetooth LE Scans
        Bluetooth LE Sessions
        Browser Choice Screen Engagement (iOS versions before 18.2)
        Browser Choice Screen Selection
        CRABS-Based Video Playback Usage
        Call Services and Call Performance
        CarPlay Navigation
        Collaboration Message Usage
        Core Location Authorization Results
        Core Location Geofencing
        Custom Language Model Builds Started
        Customized Transcription Requests
        Default Browser Usage Rate
        DockKit App Usage
        Dynamic Island Layout Changes
        Face-Driven Auto Exposure and Auto Focus Usage
        File-Based Video Playback Usage
        File-System Events API Usage
        Flashlight Usage
        Game Controller Haptics Engine Creation
        Game Controller Sessions
        HTTP Live Streaming Playback Count
        HTTP Live Streaming Video Playback Usage
        Haptics Engine Usage
        Home Screen Widget Installs
        Home Screen Widget Rotations
        Home Screen Widget Usage
        Home Screen Widgets
        Keyboard Dictation Usage
        Live Activity Use
        Load CoreML Models Metrics
        Local Network Privacy
        Location Sessions
        Lock Screen Widget Configuration
        Metal Command Queues
        Mode Activity Notifications
        Multiple Game Controllers Usage
        Nearby Interaction Sessions
        Notification Summary Engagement
        Photo Capture Usage
        PhotoKit Imports
        Photogrammetry ObjectCaptureSession API Usage
        PhotogrammetrySession API Usage
        Photos Library Access
        Photos Picker
        Photos Sharing
        ProRes Video Usage
        Reminders Usage
        RoomPlan Usage
        Safari Extensions Enablement
        Safari Extensions Usage
        SharePlay Usage by Activity Type
        Shared With You Content Engagement
        ShazamKit Usage
        Spatial Audio Usage
        Speech Framework Transcription Request Audio Duration
        Speech Framework Transcription Requests
        Text-Input Actions
        Translation Request Usage
        Verify With Wallet Document Request Availability
        Verify with Wallet Document Requests
        Video Duration Information
        Video PiP Duration
        Video Streaming Duration
        VisionKit Data Detectors
        VisionKit Image Analysis
        VisionKit Live Text Usage
        VisionKit Sessions
        Wi-Fi Known Network Modifications
        iBeacon Add Region Usage
        iBeacon Ranging Usage
        iBeacon Stop Monitoring for Region Usage
    """,
    "PERFORMANCE": """
        AirPlay Errors
        AirPlay Performance
        App Crashes Expanded
        App Install Performance
        App Neural Footprint
        App Storage Reads and Writes
        Audio Overloads
        Bluetooth LE Session Duration
        Bluetooth System Wakes
        CAMetalLayer Performance
        Cellular Plan Provisioning
        Custom Language Model Builds Failed
        Display Power Information
        Embedding Generation
        HTTP Live Streaming Playback Errors
        Launch Image Over Memory Limit
        Media Device Extension Errors
        Media Device Extension Performance
        Networking Connection Activity
        Spotlight Query Performance
        Streaming Downloads Performance
        Streaming Playback Performance
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
        Shortcut App Usage
        Shortcuts Actions Usage
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
