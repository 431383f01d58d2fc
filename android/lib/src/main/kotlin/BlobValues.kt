package io.github.swarmlet

import io.github.swarmlet.internal.BlobHold
import io.github.swarmlet.internal.BlobKeep
import io.github.swarmlet.internal.BlobPresence
import io.github.swarmlet.internal.BlobReport
import io.github.swarmlet.internal.BlobRoom
import io.github.swarmlet.internal.BlobSaid
import io.github.swarmlet.internal.ListedFile
import io.github.swarmlet.internal.StoredBlob
import io.github.swarmlet.internal.blobOfRow
import java.time.Instant

/** Who is to hold a blob beside the device that stored it. */
public sealed interface Hold {
    /** Every device that gets the record fetches the blob by itself, and keeps it. */
    public data object Everyone : Hold

    /** Whoever reads it. */
    public data object OnDemand : Hold

    /** So many devices, 1 to 4096; which ones follows from the id and the devices there are. */
    public data class Copies(public val count: Int) : Hold

    /** The devices whose certificates have all of these labels. */
    public data class Labels(public val labels: Map<String, String>) : Hold
}

/** How long a blob is kept by those who hold it. */
public sealed interface Keep {
    /** Until it is deleted. */
    public data object Forever : Keep

    /** Until this time, by the clock of each device. */
    public data class Until(public val time: Instant) : Keep

    /**
     * Until a later record has all of these tags; without tags, until the next blob of the same
     * name. Both records must be in streams of the same name.
     */
    public data class UntilNext(public val tags: List<String> = emptyList()) : Keep

    /** As long as an event has the tag `blob:<id>`, beside the record. */
    public data object WhileReferenced : Keep
}

/** A blob as its record tells of it. */
public data class BlobInfo(
    /** Its id: the BLAKE3 hash of its bytes, 64 digits. */
    public val id: String,
    /** Its length in bytes. */
    public val size: Long,
    /** What people call it: never a path. */
    public val name: String?,
    /** What kind of bytes it is. */
    public val mediaType: String?,
    /** Who is to hold it. */
    public val hold: Hold,
    /** How long. */
    public val keep: Keep,
    /** The labels of the record, with those that every record has, in text order. */
    public val tags: List<String>,
    /** The place of the record in the total order. */
    public val key: EventKey,
    /** When it was stored, in microseconds since 1970-01-01 UTC. */
    public val timestamp: Long,
    /** The app that stored it. */
    public val appId: String,
    /** The collection that it is a file of, if it is one. */
    public val collection: String?,
) {
    /** When it was stored, by the clock of the device that did. */
    public val time: Instant get() = instant(timestamp)

    public companion object {
        /** What a row says of a blob, if it is the record of one as a query found it. */
        public fun from(row: Row): BlobInfo? =
            row.given()?.let { calling("blob_info") { blobOfRow(it) } }?.toInfo()
    }
}

/** How much of a blob is on this device. */
public sealed interface BlobState {
    /** All of it, of so many bytes. */
    public data class Here(public val size: Long) : BlobState

    /** A part of it, which is being fetched. */
    public data class Part(
        /** Its length in bytes. */
        public val size: Long,
        /** About how many bytes are still to come. */
        public val missing: Long,
    ) : BlobState

    /** Nothing. */
    public data object Absent : BlobState
}

/** How much of a blob that is being read is on this device. */
public data class BlobProgress(
    /** Its length in bytes, once that is known. */
    public val size: Long?,
    /** About how many bytes of it are here. */
    public val here: Long,
)

/** All that is known of a blob on this device. */
public data class BlobStat(
    /** How much of it is here. */
    public val state: BlobState,
    /** Whether it is kept here whatever records say. */
    public val isPinned: Boolean,
    /** The records that tell of it, in the order of their keys, without those taken back. */
    public val records: List<BlobInfo>,
)

/** What blobs take of this device. */
public data class BlobUsage(
    /** How many there are, whole or in part. */
    public val blobs: Long,
    /** How many bytes they take, with the hashes that prove them. */
    public val bytes: Long,
    /** How many of these this device need not keep, as of the last look. */
    public val spareBytes: Long,
    /** How many bytes there may be, if that was said. */
    public val bytesMax: Long?,
)

/** A file of a collection. */
public data class CollectionFile(
    /** Where it is below the folder, with `/` between names. */
    public val path: String,
    /** The id of its bytes. */
    public val id: String,
    /** How many they are. */
    public val size: Long,
)

/** What became of a folder. */
public data class SavedFolder(
    /** How many files were written. */
    public val written: Long,
    /** How many were there already, with the same bytes. */
    public val unchanged: Long,
)

/** Something was said of a blob. */
public data class BlobChange(
    /** Of which blob. */
    public val id: String,
    /**
     * What the record says; `null` if earlier records were taken back: those of the device that
     * wrote this, and those in streams on which it has the right `admin`.
     */
    public val info: BlobInfo?,
    /** Where in the log it was said, and by whom. */
    public val key: EventKey,
)

internal fun Hold.given(): BlobHold = when (this) {
    Hold.Everyone -> BlobHold.Everyone
    Hold.OnDemand -> BlobHold.OnDemand
    is Hold.Copies -> BlobHold.Copies(count.toLong())
    is Hold.Labels -> BlobHold.Labels(labels)
}

internal fun Keep.given(): BlobKeep = when (this) {
    Keep.Forever -> BlobKeep.Forever
    is Keep.Until -> BlobKeep.Until(microsOrRefuse("put", time))
    is Keep.UntilNext -> BlobKeep.UntilNext(tags)
    Keep.WhileReferenced -> BlobKeep.WhileReferenced
}

internal fun StoredBlob.toInfo(): BlobInfo = BlobInfo(
    id = id,
    size = size,
    name = name,
    mediaType = mediaType,
    hold = hold.toHold(),
    keep = keep.toKeep(),
    tags = tags,
    key = key.toKey(),
    timestamp = timestamp,
    appId = appId,
    collection = collection,
)

internal fun ListedFile.toFile(): CollectionFile = CollectionFile(path, id, size)

internal fun BlobPresence.toState(): BlobState = when (this) {
    is BlobPresence.Here -> BlobState.Here(size)
    is BlobPresence.Part -> BlobState.Part(size, missing)
    BlobPresence.Absent -> BlobState.Absent
}

internal fun BlobReport.toStat(): BlobStat =
    BlobStat(state.toState(), isPinned, records.map { it.toInfo() })

internal fun BlobRoom.toUsage(): BlobUsage = BlobUsage(blobs, bytes, spareBytes, bytesMax)

internal fun BlobSaid.toChange(): BlobChange = BlobChange(id, info?.toInfo(), key.toKey())

private fun BlobHold.toHold(): Hold = when (this) {
    BlobHold.Everyone -> Hold.Everyone
    BlobHold.OnDemand -> Hold.OnDemand
    is BlobHold.Copies -> Hold.Copies(count.toInt())
    is BlobHold.Labels -> Hold.Labels(labels)
}

private fun BlobKeep.toKeep(): Keep = when (this) {
    BlobKeep.Forever -> Keep.Forever
    is BlobKeep.Until -> Keep.Until(instant(micros))
    is BlobKeep.UntilNext -> Keep.UntilNext(tags)
    BlobKeep.WhileReferenced -> Keep.WhileReferenced
}
