plugins {
    id("com.android.application")
}

android {
    namespace = "siamese.phone"
    compileSdk = 36

    defaultConfig {
        applicationId = "course.siamese.phone"
        minSdk = 28  // ImageDecoder, which turns a photograph upright
        targetSdk = 36
        versionCode = 1
        versionName = "1.0.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        ndk {
            abiFilters += listOf("arm64-v8a", "x86_64")  // the two that ExecuTorch ships, and that all here align to 16 KB
        }
    }

    // One app, two runtimes: each flavour has one file, Embedder.kt, and its own model among its assets.
    flavorDimensions += "runtime"
    productFlavors {
        create("litert") { dimension = "runtime" }
        create("executorch") { dimension = "runtime" }
    }

    androidResources {
        noCompress += listOf("tflite", "pte")  // LiteRT maps the model into memory straight from the APK
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    implementation("androidx.activity:activity:1.13.0")
    implementation("androidx.camera:camera-camera2:1.6.2")
    implementation("androidx.camera:camera-lifecycle:1.6.2")
    implementation("androidx.camera:camera-view:1.6.2")
    implementation("com.google.guava:guava:33.6.0-android")  // ListenableFuture, in which CameraX hands over the cameras
    implementation("com.google.mlkit:face-detection:16.1.7")  // the model is inside; the variant of Play services would download it

    implementation("com.google.ai.edge.litert:litert:2.3.2")  // the detector in both flavours, and the network in one
    "executorchImplementation"("org.pytorch:executorch-android:1.5.1")  // the version that wrote the .pte

    testImplementation("junit:junit:4.13.2")
    androidTestImplementation("androidx.test.ext:junit:1.3.0")
    androidTestImplementation("androidx.test:runner:1.7.0")
}
