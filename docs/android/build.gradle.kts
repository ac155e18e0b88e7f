// Since 9.0 the Android plugin compiles Kotlin itself, with 2.2.10 unless a newer compiler stands here. Pinned to the one that was tried.
buildscript {
    repositories {
        google()
        mavenCentral()
    }
    dependencies {
        classpath("org.jetbrains.kotlin:kotlin-gradle-plugin:2.4.20")
    }
}

plugins {
    id("com.android.application") version "9.4.1" apply false
}
