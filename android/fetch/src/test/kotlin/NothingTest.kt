package io.github.swarmlet.fetch

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class NothingTest {
    @Test
    fun `nothing is nothing`(): Unit = assertEquals(0, NOTHING)
}
