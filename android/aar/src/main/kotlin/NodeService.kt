package io.github.swarmlet.android

import android.app.ForegroundServiceStartNotAllowedException
import android.app.Notification
import android.app.Service
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.content.ServiceConnection
import android.content.pm.ServiceInfo
import android.os.Binder
import android.os.Build
import android.os.IBinder
import io.github.swarmlet.Node
import java.util.logging.Level
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.launch

/**
 * A service that keeps a node open while the app is not seen, with the locks that the network
 * needs.
 *
 * The app derives from it, says how its node is opened and which notification people see, declares
 * the class in its manifest with `android:foregroundServiceType="connectedDevice"`, and starts it
 * with `startForegroundService`. Activities get the node from [nodes].
 */
public abstract class NodeService : Service() {
    internal val keeper by lazy {
        NodeKeeper(::openNode, holds(), signals(), after = endings[javaClass])
    }

    /** Opens the node: `Node.open(File(filesDir, "swarmlet"), ...)`. */
    protected abstract suspend fun openNode(): Node

    /** What people see while the node is open. */
    protected abstract fun notification(): Notification

    /** The number of the notification, another one than the app has for others. */
    protected open val notificationId: Int get() = 0x73776d

    /** What is held while the node is open. */
    protected open fun holds(): List<Hold> = listOf(MulticastHold(this), WifiHold(this))

    /** What the node is told of. */
    protected open fun signals(): List<Signal> =
        listOf(NetworkSignal(this), WakeSignal(this), SeenSignal(application))

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        try {
            toForeground()
        } catch (refusal: ForegroundServiceStartNotAllowedException) {
            // From Android 12 on the foreground is refused to an app that nobody sees, so also when
            // the system starts the service again. Without it, that would only happen once more.
            // Earlier releases do not have this class, and look for it only when they catch.
            LOGGER.log(Level.WARNING, "the foreground is refused; the node stays closed", refusal)
            stopSelf()
            return START_NOT_STICKY
        }
        keeper.start()
        // The system starts it again when it had to end it.
        return START_STICKY
    }

    internal open fun toForeground() {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            val type = ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE
            startForeground(notificationId, notification(), type)
        } else {
            startForeground(notificationId, notification())
        }
    }

    override fun onBind(intent: Intent?): IBinder = Kept(keeper.state)

    override fun onDestroy() {
        // In the background, so the service may be there again before its folder is free.
        endings[javaClass] = keeper.end()
        super.onDestroy()
    }

    private class Kept(val state: StateFlow<NodeState>) : Binder()

    public companion object {
        /** For each service how its last keeper ends. Used on the main thread only. */
        private val endings = HashMap<Class<out NodeService>, Job>()

        /**
         * The node of a service of this process, as it comes and goes. The service is bound while
         * this is collected; to be opened, the node needs the service to be started. Fails with
         * [IllegalStateException] if there is no such service in the manifest.
         */
        public fun nodes(context: Context, service: Class<out NodeService>): Flow<NodeState> =
            callbackFlow {
                val connection = object : ServiceConnection {
                    private var following: Job? = null

                    override fun onServiceConnected(name: ComponentName, binder: IBinder) {
                        following?.cancel()
                        following = launch { (binder as Kept).state.collect { send(it) } }
                    }

                    override fun onServiceDisconnected(name: ComponentName) {
                        following?.cancel()
                        trySend(NodeState.Closed)
                    }
                }
                // Not by the activity: what is bound by it is gone before a late unbinding.
                val app = context.applicationContext
                val intent = Intent(app, service)
                try {
                    val isBound = app.bindService(intent, connection, Context.BIND_AUTO_CREATE)
                    check(isBound) { "the app's manifest has no service ${service.name}" }
                    awaitClose()
                } finally {
                    // Also if it was refused: the system remembers the connection.
                    app.unbindService(connection)
                }
            }
    }
}
