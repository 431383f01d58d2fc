package io.github.swarmlet.android

import android.app.Activity
import android.app.Application
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.wifi.WifiManager
import android.os.Build
import android.os.Bundle
import android.os.PowerManager

// What Android has of the interfaces in Platform. Nothing is decided here.

/** Lets packets to many devices through, by which nodes find each other: Wi-Fi drops them else. */
public class MulticastHold(context: Context) : Hold {
    private val lock = context.wifi()?.createMulticastLock(NAME)
        ?.apply { setReferenceCounted(false) }

    override fun take() {
        lock?.acquire()
    }

    override fun release() {
        lock?.release()
    }
}

/** Keeps Wi-Fi from sleeping, which would make each packet late. */
public class WifiHold(context: Context) : Hold {
    private val lock = context.wifi()?.createWifiLock(mode(), NAME)
        ?.apply { setReferenceCounted(false) }

    override fun take() {
        lock?.acquire()
    }

    override fun release() {
        lock?.release()
    }

    @Suppress("DEPRECATION")
    private fun mode() = when {
        // Works while the screen is on; before, the other one worked always.
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE ->
            WifiManager.WIFI_MODE_FULL_LOW_LATENCY
        else -> WifiManager.WIFI_MODE_FULL_HIGH_PERF
    }
}

/** The network that is used: another one, or other addresses in it. */
public class NetworkSignal(context: Context) : Signal {
    private val networks = checkNotNull(context.getSystemService(ConnectivityManager::class.java))

    override fun watch(changed: () -> Unit): AutoCloseable {
        val callback = object : ConnectivityManager.NetworkCallback() {
            override fun onAvailable(network: Network) = changed()

            override fun onLost(network: Network) = changed()

            override fun onLinkPropertiesChanged(network: Network, properties: LinkProperties) =
                changed()
        }
        networks.registerDefaultNetworkCallback(callback)
        return AutoCloseable { networks.unregisterNetworkCallback(callback) }
    }
}

/** The end of Doze, in which the network was cut off. */
public class WakeSignal(context: Context) : Signal {
    private val context = context.applicationContext
    private val power = checkNotNull(context.getSystemService(PowerManager::class.java))

    override fun watch(changed: () -> Unit): AutoCloseable {
        val receiver = object : BroadcastReceiver() {
            override fun onReceive(context: Context, intent: Intent) {
                if (!power.isDeviceIdleMode) changed()
            }
        }
        val filter = IntentFilter(PowerManager.ACTION_DEVICE_IDLE_MODE_CHANGED)
        context.registerReceiver(receiver, filter)
        return AutoCloseable { context.unregisterReceiver(receiver) }
    }
}

/** The moment in which the app is seen again, after it was not: connections may be dead by then. */
public class SeenSignal(private val application: Application) : Signal {
    override fun watch(changed: () -> Unit): AutoCloseable {
        val watcher = Watcher(changed)
        application.registerActivityLifecycleCallbacks(watcher)
        return AutoCloseable { application.unregisterActivityLifecycleCallbacks(watcher) }
    }

    /** Called on the main thread only. */
    private class Watcher(private val changed: () -> Unit) :
        Application.ActivityLifecycleCallbacks {
        private val seen = HashSet<Activity>()

        override fun onActivityStarted(activity: Activity) {
            val wasSeen = seen.isNotEmpty()
            seen.add(activity)
            if (!wasSeen) changed()
        }

        override fun onActivityStopped(activity: Activity) {
            seen.remove(activity)
        }

        override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit

        override fun onActivityResumed(activity: Activity) = Unit

        override fun onActivityPaused(activity: Activity) = Unit

        override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit

        override fun onActivityDestroyed(activity: Activity) = Unit
    }
}

/** There is none where there is no Wi-Fi. */
private fun Context.wifi(): WifiManager? =
    applicationContext.getSystemService(WifiManager::class.java)

private const val NAME = "swarmlet"
