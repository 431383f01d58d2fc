package io.github.swarmlet.fetch

internal const val NOTHING = 0
