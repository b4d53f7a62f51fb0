import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/**
 * Runs one OpenSearch node on loopback: Launcher FOLDER [setting=value ...]. Prints one JSON line once it serves HTTP, and ends in
 * order on SIGTERM and when its standard input closes. Why a node does not start is one line on standard error.
 */
public final class Launcher extends Node {
    @SuppressWarnings({"unchecked", "rawtypes"}) // 2.x takes classes, 3.x takes PluginInfo
    private Launcher(Environment environment) {
        super(environment, (Collection) List.of(
            plugin("security.OpenSearchSecurityPlugin", "transport.Netty4Plugin", "transport.Netty4ModulePlugin"),
            plugin("index.reindex.ReindexPlugin", "index.reindex.ReindexModulePlugin")), true);
    }

    /** The first that is on the class path: the security plugin brings a transport of its own, and names vary with versions. */
    private static Object plugin(String... names) {
        for (String name : names) {
            try {
                Class<?> found = Class.forName("org.opensearch." + name);
                return Version.CURRENT.major < 3 ? found
                    : new PluginInfo(found.getName(), "class path", "NA", Version.CURRENT, "21", found.getName(), null, List.of(), false);
            } catch (ClassNotFoundException e) {
                continue;
            }
        }
        throw new IllegalStateException("none of the plugins " + Arrays.toString(names) + " is on the class path");
    }

    public static void main(String[] args) {
        new Thread(Launcher::endWithInput, "input").start();
        try {
            Settings settings = settings(Path.of(args[0]).toAbsolutePath(), List.of(args).subList(1, args.length));
            Path config = Path.of(settings.get("path.home"), "config");
            Launcher node = new Launcher(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "probity"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(node), "end"));
            node.start();
            System.out.printf("{\"address\": \"%s://%s\", \"version\": \"%s\", \"pid\": %d}%n",
                settings.getAsBoolean("plugins.security.ssl.http.enabled", false) ? "https" : "http",
                node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress(),
                Version.CURRENT, ProcessHandle.current().pid());
        } catch (Throwable failure) {
            System.err.println(Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .map(cause -> String.valueOf(cause.getMessage()).replace('\n', ' ')).distinct().collect(Collectors.joining(": ")));
            System.exit(1);
        }
    }

    private static Settings settings(Path folder, List<String> pairs) {
        Settings.Builder settings = Settings.builder()
            .put("path.home", folder).put("path.data", folder.resolve("data")).put("path.logs", folder)
            .put("discovery.type", "single-node").put("network.host", "127.0.0.1").put("http.port", 0).put("transport.port", 0)
            .put("cluster.routing.allocation.disk.threshold_enabled", false); // a laptop's disk is fuller than a server's
        for (String pair : pairs) {
            String[] parts = pair.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        return settings.build();
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                continue;
            }
        } catch (IOException e) {
            System.err.println(e);
        }
        System.exit(0);
    }

    private static void end(Node node) {
        try {
            node.close();
        } catch (IOException e) {
            System.err.println(e);
        }
    }
}
