// Asks each case of the table by the Go SDK, and prints each answer as a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

type table struct {
	Cases []testCase `json:"cases"`
}

type testCase struct {
	Name    string         `json:"name"`
	Flag    string         `json:"flag"`
	Type    string         `json:"type"`
	Default any            `json:"default"`
	Context map[string]any `json:"context"`
}

type answer struct {
	Name      string `json:"name"`
	Value     any    `json:"value"`
	Variant   string `json:"variant,omitempty"`
	Reason    string `json:"reason"`
	ErrorCode string `json:"errorCode,omitempty"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var read table
	if err := json.Unmarshal(text, &read); err != nil {
		log.Fatal(err)
	}
	provider := ofrep.NewProvider(os.Getenv("OFREP_URL"), ofrep.WithBearerToken(os.Getenv("OFREP_TOKEN")))
	if err := openfeature.SetProviderAndWait(provider); err != nil {
		log.Fatal(err)
	}
	client := openfeature.NewClient("conformance")
	out := json.NewEncoder(os.Stdout)
	for _, each := range read.Cases {
		value, details := ask(client, each)
		seen := answer{each.Name, value, details.Variant, string(details.Reason), string(details.ErrorCode)}
		if err := out.Encode(seen); err != nil {
			log.Fatal(err)
		}
	}
}

// The error stands in the details too.
func ask(client *openfeature.Client, each testCase) (any, openfeature.EvaluationDetails) {
	ctx := context.Background()
	attributes := map[string]any{}
	for name, value := range each.Context {
		if name != openfeature.TargetingKey {
			attributes[name] = value
		}
	}
	key, _ := each.Context[openfeature.TargetingKey].(string)
	evaluation := openfeature.NewEvaluationContext(key, attributes)
	switch each.Type {
	case "boolean":
		got, _ := client.BooleanValueDetails(ctx, each.Flag, each.Default.(bool), evaluation)
		return got.Value, got.EvaluationDetails
	case "string":
		got, _ := client.StringValueDetails(ctx, each.Flag, each.Default.(string), evaluation)
		return got.Value, got.EvaluationDetails
	case "integer":
		got, _ := client.IntValueDetails(ctx, each.Flag, int64(each.Default.(float64)), evaluation)
		return got.Value, got.EvaluationDetails
	case "float":
		got, _ := client.FloatValueDetails(ctx, each.Flag, each.Default.(float64), evaluation)
		return got.Value, got.EvaluationDetails
	default:
		got, _ := client.ObjectValueDetails(ctx, each.Flag, each.Default, evaluation)
		return got.Value, got.EvaluationDetails
	}
}
