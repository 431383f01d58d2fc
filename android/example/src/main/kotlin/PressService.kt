package com.example.press

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import io.github.swarmlet.Node
import io.github.swarmlet.android.NodeService
import java.io.File

/** Keeps the node of this device open. */
class PressService : NodeService() {
    override suspend fun openNode(): Node =
        Node.open(File(filesDir, "swarmlet"), appId = "com.example.press")

    override fun notification(): Notification {
        val channel = NotificationChannel("node", "Swarm", NotificationManager.IMPORTANCE_LOW)
        getSystemService(NotificationManager::class.java)!!.createNotificationChannel(channel)
        return Notification.Builder(this, channel.id)
            .setSmallIcon(android.R.drawable.stat_notify_sync)
            .setContentTitle("Connected with the shop floor")
            .build()
    }
}
