// One worker of the Java KCL, 2.x or 3.x, with the output of consume-stream: a JSON line per record.

import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

public final class Worker {
    private static final String USAGE = "Worker --stream S --application A --worker-id W [--fetch polling|fan-out] "
            + "[--start trim-horizon|latest|RFC3339] [--failover-ms 10000] [--checkpoint-ms 3000] "
            + "[--shard-sync-ms 60000] [--compatible 2x|phase1]";

    public static void main(String[] args) throws Exception {
        Map<String, String> flags = flags(args);
        String stream = flags.get("stream"), application = flags.get("application"), id = flags.get("worker-id");
        if (stream == null || application == null || id == null) {
            System.err.println(USAGE);
            System.exit(2);
        }
        URI endpoint = URI.create(System.getenv("AWS_ENDPOINT_URL"));
        Region region = Region.of(System.getenv().getOrDefault("AWS_REGION", "us-east-1"));
        var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create(
                System.getenv().getOrDefault("AWS_ACCESS_KEY_ID", "test"),
                System.getenv().getOrDefault("AWS_SECRET_ACCESS_KEY", "test")));
        KinesisAsyncClient kinesis = KinesisAsyncClient.builder().endpointOverride(endpoint).region(region)
                .credentialsProvider(credentials)
                // The SDK's default is HTTP/2, which wants TLS or prior knowledge.
                .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).maxConcurrency(500))
                .build();
        DynamoDbAsyncClient dynamodb = DynamoDbAsyncClient.builder().endpointOverride(endpoint).region(region)
                .credentialsProvider(credentials).build();
        CloudWatchAsyncClient cloudwatch = CloudWatchAsyncClient.builder().endpointOverride(endpoint).region(region)
                .credentialsProvider(credentials).build();

        long checkpointMillis = Long.parseLong(flags.getOrDefault("checkpoint-ms", "3000"));
        ConfigsBuilder configs = new ConfigsBuilder(stream, application, kinesis, dynamodb, cloudwatch, id,
                () -> new Printer(checkpointMillis));
        var retrieval = configs.retrievalConfig()
                .initialPositionInStreamExtended(start(flags.getOrDefault("start", "trim-horizon")));
        if (flags.getOrDefault("fetch", "polling").equals("polling")) {
            retrieval.retrievalSpecificConfig(new PollingConfig(stream, kinesis));
        } else {
            retrieval.retrievalSpecificConfig(
                    new FanOutConfig(kinesis).streamName(stream).applicationName(application));
        }
        CoordinatorConfig coordinator = configs.coordinatorConfig();
        if (flags.containsKey("compatible")) {
            compatible(coordinator, flags.get("compatible"));
        }
        Scheduler scheduler = new Scheduler(configs.checkpointConfig(), coordinator,
                configs.leaseManagementConfig()
                        .failoverTimeMillis(Long.parseLong(flags.getOrDefault("failover-ms", "10000")))
                        .shardSyncIntervalMillis(Long.parseLong(flags.getOrDefault("shard-sync-ms", "60000"))),
                configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
                // So that a checkpoint is made in time when nothing comes.
                configs.processorConfig().callProcessRecordsEvenForEmptyRecordList(true), retrieval);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
            } catch (Exception error) {
                System.err.println("no graceful shutdown: " + error);
            }
        }));
        scheduler.run();
    }

    private static Map<String, String> flags(String[] args) {
        Map<String, String> flags = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                System.err.println(USAGE);
                System.exit(2);
            }
            flags.put(args[i].substring(2), args[i + 1]);
        }
        return flags;
    }

    private static InitialPositionInStreamExtended start(String text) {
        return switch (text) {
            case "trim-horizon" -> InitialPositionInStreamExtended
                    .newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
            case "latest" -> InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.LATEST);
            default -> InitialPositionInStreamExtended
                    .newInitialPositionAtTimestamp(Date.from(Instant.parse(text)));
        };
    }

    /** 3.x alone has this setting; by reflection, so that one source compiles against both. */
    private static void compatible(CoordinatorConfig coordinator, String mode) throws ReflectiveOperationException {
        for (Class<?> type : CoordinatorConfig.class.getDeclaredClasses()) {
            if (type.getSimpleName().equals("ClientVersionConfig")) {
                String name = "CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X" + (mode.equals("phase1") ? "_PHASE1" : "");
                Object value = type.getMethod("valueOf", String.class).invoke(null, name);
                CoordinatorConfig.class.getMethod("clientVersionConfig", type).invoke(coordinator, value);
                return;
            }
        }
        throw new ReflectiveOperationException("this KCL has no versions to be compatible with");
    }

    /** Prints what comes, and only then checkpoints it. */
    private static final class Printer implements ShardRecordProcessor {
        private final long checkpointMillis;
        private String shard;
        private long checkpointed = System.nanoTime();
        private boolean printed;

        Printer(long checkpointMillis) {
            this.checkpointMillis = checkpointMillis;
        }

        @Override
        public void initialize(InitializationInput input) {
            shard = input.shardId();
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            StringBuilder lines = new StringBuilder();
            for (KinesisClientRecord record : input.records()) {
                line(lines, record);
            }
            if (lines.length() > 0) {
                printed = true;
                byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
                PrintStream out = System.out;
                synchronized (out) {
                    out.write(bytes, 0, bytes.length);
                    out.flush();
                }
            }
            if (printed && System.nanoTime() - checkpointed >= checkpointMillis * 1_000_000) {
                checkpoint(input.checkpointer());
            }
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            System.err.println("lease lost " + shard);
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            // KCL tries again when this was not done.
            checkpoint(input.checkpointer());
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            if (printed) {
                checkpoint(input.checkpointer());
            }
        }

        private void checkpoint(RecordProcessorCheckpointer checkpointer) {
            try {
                checkpointer.checkpoint();
                checkpointed = System.nanoTime();
                printed = false;
            } catch (Exception error) {
                System.err.println("no checkpoint of " + shard + ": " + error);
            }
        }

        private void line(StringBuilder to, KinesisClientRecord record) {
            byte[] data = new byte[record.data().remaining()];
            record.data().get(data);
            to.append("{\"t_ms\":").append(System.currentTimeMillis());
            field(to, "shard", shard);
            field(to, "sequence", record.sequenceNumber());
            to.append(",\"sub_sequence\":").append(record.subSequenceNumber());
            field(to, "partition_key", record.partitionKey());
            field(to, "data", new String(data, StandardCharsets.UTF_8));
            to.append("}\n");
        }

        private static void field(StringBuilder to, String name, String text) {
            to.append(",\"").append(name).append("\":\"");
            for (char c : text.toCharArray()) {
                if (c == '"' || c == '\\' || c < ' ') {
                    to.append(String.format("\\u%04x", (int) c));
                } else {
                    to.append(c);
                }
            }
            to.append('"');
        }
    }
}
