package io.github.swarmlet.android

import io.github.swarmlet.Node
import java.util.logging.Level
import java.util.logging.Logger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

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

    /**
     * It could not be opened: what opens it failed, or the system did not give what it needs.
     * [NodeKeeper.start] tries again.
     */
    public data class Failed(public val error: Exception) : NodeState
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
    private val calls: Calls,
    after: Job?,
) {
    /** Keeps what [open] opens. */
    public constructor(open: suspend () -> Node, holds: List<Hold>, signals: List<Signal>) :
        this(open, holds, signals, Calls(), null)

    /**
     * The same, but nothing begins before [after] has ended: what [end] of another returned. Unless
     * that takes too long, since it may never end.
     */
    internal constructor(
        open: suspend () -> Node,
        holds: List<Hold>,
        signals: List<Signal>,
        after: Job?,
    ) : this(open, holds, signals, Calls(), after)

    /** What a keeper calls of its node, where, and how long it waits; tests replace some of it. */
    internal class Calls(
        val tell: (Node) -> Unit = { it.swarm.networkChanged() },
        val shutDown: suspend (Node) -> Unit = { it.shutDown() },
        val dispatcher: CoroutineDispatcher = Dispatchers.IO,
        val patience: Duration = 10.seconds,
    )

    private val scope = CoroutineScope(SupervisorJob() + calls.dispatcher)
    private val wishes = Channel<Wish>(Channel.CONFLATED)
    private val current = MutableStateFlow<NodeState>(NodeState.Closed)

    /** What was taken for the node that is open, in the order in which it is given back. */
    private val taken = ArrayDeque<AutoCloseable>()

    /** How far the node is. */
    public val state: StateFlow<NodeState> = current.asStateFlow()

    private val loop = scope.launch {
        try {
            after?.let { letEnd(it) }
            for (wish in wishes) carryOut(wish)
        } finally {
            takeDown()
        }
    }

    /** Opens the node, unless it is open. */
    public fun start() {
        wishes.trySend(Wish.OPEN)
    }

    /** Closes the node, unless it is closed. [start] opens it again. */
    public fun stop() {
        wishes.trySend(Wish.CLOSED)
    }

    /**
     * Closes the node for good: no call has any effect after this one. What is returned ends when
     * the node is closed and its folder free.
     */
    public fun end(): Job {
        wishes.trySend(Wish.CLOSED)
        wishes.close()
        return loop
    }

    /** A node that does not end has its folder still; then opening it fails, and says why. */
    private suspend fun letEnd(before: Job) {
        withTimeoutOrNull(calls.patience) { before.join() }
            ?: LOGGER.warning("the node before has not ended within ${calls.patience}")
    }

    private suspend fun carryOut(wish: Wish) {
        when (wish) {
            Wish.OPEN -> if (current.value !is NodeState.Open) bringUp()
            Wish.CLOSED -> takeDown()
        }
    }

    /** What fails here is code of the app and of the system, so it can fail with anything. */
    private suspend fun bringUp() {
        current.value = NodeState.Opening
        var node: Node? = null
        try {
            for (hold in holds) take(hold)
            node = open()
            for (signal in signals) watch(signal, node)
            current.value = NodeState.Open(node)
        } catch (error: Exception) {
            giveBack()
            node?.let { shutDown(it) }
            current.value = NodeState.Failed(error)
            // A timeout in what opens is a failure like others; the end of this loop is not.
            currentCoroutineContext().ensureActive()
        }
    }

    private suspend fun takeDown() {
        val open = current.value as? NodeState.Open
        if (open != null) {
            // Nobody begins anything with a node that is about to be closed.
            current.value = NodeState.Closing
            giveBack()
            shutDown(open.node)
        }
        current.value = NodeState.Closed
    }

    private fun take(hold: Hold) {
        hold.take()
        taken.addFirst(AutoCloseable { hold.release() })
    }

    private fun watch(signal: Signal, node: Node) {
        val watching = signal.watch { calls.tell(node) }
        taken.addFirst(watching)
    }

    private fun giveBack() {
        while (true) {
            val next = taken.removeFirstOrNull() ?: return
            orLog("something of the system could not be given back") { next.close() }
        }
    }

    /** It is closed after this, also if its last write has failed, which whoever wrote was told. */
    private suspend fun shutDown(node: Node) = withContext(NonCancellable) {
        orLog("the node was not closed cleanly") { calls.shutDown(node) }
    }

    /** What ends goes on to its end. */
    private inline fun orLog(problem: String, work: () -> Unit) {
        try {
            work()
        } catch (error: Exception) {
            LOGGER.log(Level.WARNING, problem, error)
        }
    }

    private enum class Wish { OPEN, CLOSED }
}

/** What nobody is told of otherwise. */
internal val LOGGER: Logger = Logger.getLogger("swarmlet.android")
