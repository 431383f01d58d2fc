package io.github.swarmlet.android

/** Something of the system that is held while a node is open, like a lock. */
public interface Hold {
    /** Takes it. Called once before [release]. */
    public fun take()

    /** Gives it back. */
    public fun release()
}

/** Something of the system that changes, and that a node should know of. */
public interface Signal {
    /** Calls [changed], on any thread, whenever it changes, until what is returned is closed. */
    public fun watch(changed: () -> Unit): AutoCloseable
}
