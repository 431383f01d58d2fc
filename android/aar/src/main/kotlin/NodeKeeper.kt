package io.github.swarmlet.android

import io.github.swarmlet.Node
import io.github.swarmlet.SwarmletException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** How far a node is that somebody keeps. */
public sealed interface NodeState {
    /** It is closed, and the folder is free. */
    public data object Closed : NodeState

    /** It is being opened. */
    public data object Opening : NodeState

    /** It is there. */
    public data class Open(public val node: Node) : NodeState

    /** It is being closed: what is queued is written. */
    public data object Closing : NodeState

    /** It could not be opened; [NodeKeeper.start] tries again. */
    public data class Failed(public val error: SwarmletException) : NodeState
}

/**
 * Keeps a node open from [start] to [stop]: takes what the system has to grant meanwhile, and tells
 * the node when its network has changed.
 *
 * Calls may come from any thread and in any number; they are carried out one after the other, and
 * never block. Of several calls that wait, the last one counts.
 */
public class NodeKeeper internal constructor(
    private val open: suspend () -> Node,
    private val holds: List<Hold>,
    private val signals: List<Signal>,
    private val tell: (Node) -> Unit,
    dispatcher: CoroutineDispatcher,
) {
    /** Keeps what [open] opens. */
    public constructor(open: suspend () -> Node, holds: List<Hold>, signals: List<Signal>) :
        this(open, holds, signals, { it.swarm.networkChanged() }, Dispatchers.IO)

    private val scope = CoroutineScope(SupervisorJob() + dispatcher)
    private val wishes = Channel<Wish>(Channel.CONFLATED)
    private val current = MutableStateFlow<NodeState>(NodeState.Closed)

    /** What was taken for the node that is open, in the order in which it is given back. */
    private val taken = ArrayDeque<AutoCloseable>()

    /** How far the node is. */
    public val state: StateFlow<NodeState> = current.asStateFlow()

    init {
        scope.launch { for (wish in wishes) carryOut(wish) }
    }

    /** Opens the node, unless it is open. */
    public fun start() {
        wishes.trySend(Wish.OPEN)
    }

    /** Closes the node, unless it is closed. [start] opens it again. */
    public fun stop() {
        wishes.trySend(Wish.CLOSED)
    }

    /** Closes the node for good: no call has any effect after this one. */
    public fun end() {
        wishes.trySend(Wish.ENDED)
        wishes.close()
    }

    private suspend fun carryOut(wish: Wish) {
        when (wish) {
            Wish.OPEN -> if (current.value !is NodeState.Open) bringUp()
            Wish.CLOSED -> takeDown()
            Wish.ENDED -> {
                takeDown()
                scope.cancel()
            }
        }
    }

    private suspend fun bringUp() {
        current.value = NodeState.Opening
        try {
            for (hold in holds) take(hold)
            val node = open()
            for (signal in signals) watch(signal, node)
            current.value = NodeState.Open(node)
        } catch (error: SwarmletException) {
            giveBack()
            current.value = NodeState.Failed(error)
        }
    }

    private suspend fun takeDown() {
        val open = current.value as? NodeState.Open
        if (open != null) {
            // Nobody begins anything with a node that is about to be closed.
            current.value = NodeState.Closing
            giveBack()
            open.node.shutDown()
        }
        current.value = NodeState.Closed
    }

    private fun take(hold: Hold) {
        hold.take()
        taken.addFirst(AutoCloseable { hold.release() })
    }

    private fun watch(signal: Signal, node: Node) {
        val watching = signal.watch { pass(node) }
        taken.addFirst(watching)
    }

    private fun giveBack() {
        while (true) (taken.removeFirstOrNull() ?: return).close()
    }

    /** A node that was closed meanwhile has no network. */
    private fun pass(node: Node) {
        try {
            tell(node)
        } catch (_: SwarmletException.Closed) {
            return
        }
    }

    private enum class Wish { OPEN, CLOSED, ENDED }
}
