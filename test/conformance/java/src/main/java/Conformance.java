import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Structure;
import dev.openfeature.sdk.Value;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Asks each case of the table by the Java SDK, and prints each answer as a line of JSON. */
public final class Conformance {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    String authorization = "Bearer " + System.getenv("OFREP_TOKEN");
    OfrepProviderOptions options =
        OfrepProviderOptions.builder()
            .baseUrl(System.getenv("OFREP_URL"))
            .headers(ImmutableMap.of("Authorization", ImmutableList.of(authorization)))
            .build();
    OpenFeatureAPI api = OpenFeatureAPI.getInstance();
    api.setProviderAndWait(OfrepProvider.constructProvider(options));
    Client client = api.getClient();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (JsonNode each : JSON.readTree(new File(args[0])).get("cases")) {
      FlagEvaluationDetails<?> answer = ask(client, each);
      Object value = answer.getValue();
      Map<String, Object> seen = new LinkedHashMap<>();
      seen.put("name", each.get("name").asText());
      seen.put("value", value instanceof Value held ? plain(held) : value);
      if (answer.getVariant() != null) seen.put("variant", answer.getVariant());
      seen.put("reason", answer.getReason());
      if (answer.getErrorCode() != null) seen.put("errorCode", answer.getErrorCode().name());
      out.println(JSON.writeValueAsString(seen));
    }
    api.shutdown();
    System.exit(0);
  }

  private static FlagEvaluationDetails<?> ask(Client client, JsonNode each) {
    String flag = each.get("flag").asText();
    JsonNode otherwise = each.get("default");
    EvaluationContext context = contextOf(each.get("context"));
    return switch (each.get("type").asText()) {
      case "boolean" -> client.getBooleanDetails(flag, otherwise.asBoolean(), context);
      case "string" -> client.getStringDetails(flag, otherwise.asText(), context);
      case "integer" -> client.getIntegerDetails(flag, otherwise.asInt(), context);
      case "float" -> client.getDoubleDetails(flag, otherwise.asDouble(), context);
      default -> client.getObjectDetails(flag, valueOf(otherwise), context);
    };
  }

  private static EvaluationContext contextOf(JsonNode attributes) {
    Map<String, Value> others = new LinkedHashMap<>();
    attributes
        .fields()
        .forEachRemaining(
            field -> {
              if (!field.getKey().equals("targetingKey")) others.put(field.getKey(), valueOf(field.getValue()));
            });
    JsonNode key = attributes.get("targetingKey");
    return key == null ? new ImmutableContext(others) : new ImmutableContext(key.asText(), others);
  }

  private static Value valueOf(JsonNode node) {
    return Value.objectToValue(JSON.convertValue(node, Object.class));
  }

  private static Object plain(Value value) {
    if (value.isList()) return value.asList().stream().map(Conformance::plain).toList();
    if (!value.isStructure()) return value.asObject();
    Map<String, Object> members = new LinkedHashMap<>();
    Structure structure = value.asStructure();
    for (String name : structure.keySet()) members.put(name, plain(structure.getValue(name)));
    return members;
  }
}
