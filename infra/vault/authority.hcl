# What the authority may do: keep secrets and read them, encrypt and decrypt. It can't delete a path, nor
# make, export, rotate or delete a key.
path "quantivista-secrets/config" {
  capabilities = ["read", "update"]
}
path "quantivista-secrets/data/*" {
  capabilities = ["create", "read", "update"]
}
path "quantivista-secrets/metadata/*" {
  capabilities = ["read"]
}
path "quantivista-secrets/destroy/*" {
  capabilities = ["update"]
}
path "quantivista-transit/keys/+" {
  capabilities = ["read"]
}
# Without "create": a key that is not there is not made by the way.
path "quantivista-transit/encrypt/+" {
  capabilities = ["update"]
}
path "quantivista-transit/decrypt/+" {
  capabilities = ["update"]
}
path "quantivista-transit/rewrap/+" {
  capabilities = ["update"]
}
path "quantivista-transit/datakey/plaintext/+" {
  capabilities = ["update"]
}
