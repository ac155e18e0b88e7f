plugins {
    id("com.android.application") version "9.4.1" apply false  // brings Kotlin along: since 9.0 no plugin of Kotlin's own is applied
}
