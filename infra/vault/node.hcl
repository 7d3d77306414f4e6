# What a read node may do: read secrets and decrypt. For nodes that hold some environments alone, name them
# in the place of * and +.
path "quantivista-secrets/data/*" {
  capabilities = ["read"]
}
path "quantivista-transit/decrypt/+" {
  capabilities = ["update"]
}
