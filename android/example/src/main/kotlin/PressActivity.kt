package com.example.press

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.widget.TextView
import io.github.swarmlet.Node
import io.github.swarmlet.android.NodeService
import io.github.swarmlet.android.NodeState
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.launch

/** Shows the latest stop of the press. */
class PressActivity : Activity() {
    private val seen = CoroutineScope(Job() + Dispatchers.Default)

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val text = TextView(this)
        setContentView(text)
        startForegroundService(Intent(this, PressService::class.java))
        seen.launch {
            NodeService.nodes(this@PressActivity, PressService::class.java).collectLatest { state ->
                when (state) {
                    is NodeState.Open -> show(state.node, text)
                    is NodeState.Failed -> text.post { text.text = state.error.message }
                    else -> text.post { text.text = "..." }
                }
            }
        }
    }

    private suspend fun show(node: Node, text: TextView) {
        node.observeLatest("FROM 'press:7' & 'stopped'").collect { row ->
            text.post { text.text = "${row.time}: ${row["reason"]}" }
        }
    }

    override fun onDestroy() {
        seen.cancel()
        super.onDestroy()
    }
}
