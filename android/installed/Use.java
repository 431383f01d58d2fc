import io.github.swarmlet.Durability;
import io.github.swarmlet.Node;
import io.github.swarmlet.Order;
import io.github.swarmlet.Row;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.flow.FlowKt;

/** Uses the packed JARs as they are, from Java: opens a node, publishes, queries. */
public final class Use {
    private interface Call<T> {
        Object with(Continuation<? super T> continuation);
    }

    public static void main(String[] arguments) throws InterruptedException {
        File folder = new File(arguments[0]);
        Node node = waited(end -> Node.Companion.open(
            folder, null, Map.of(), Map.of(), Durability.BUFFERED, null, null, null, null, end));
        waited(end -> node.publish("a", Map.of("n", 1), end));
        var results = node.query("FROM 'a'", null, null, Order.ASCENDING, Map.of());
        List<? extends Row> rows = waited(end -> FlowKt.toList(results, new ArrayList<>(), end));
        for (Row row : rows) {
            System.out.println(row.get("n") + " " + Node.Companion.getVersion());
        }
        node.close();
    }

    private static <T> T waited(Call<T> call) throws InterruptedException {
        var context = EmptyCoroutineContext.INSTANCE;
        return BuildersKt.runBlocking(context, (scope, end) -> call.with(end));
    }
}
