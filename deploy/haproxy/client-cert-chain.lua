-- RFC 9440 §2.3: the certificates the sender sent beside its leaf, as a list of byte sequences. HAProxy gives them as one
-- string of DER after DER.

-- Length of the DER value at a position, header included; nil when there is none that ends within the string.
local function der_length(der, position)
  local tag, first = der:byte(position, position + 1)
  if tag ~= 0x30 or first == nil then
    return nil
  end
  local header, length = 2, first
  if first >= 0x80 then
    local count = first - 0x80
    if count < 1 or count > 3 then
      return nil
    end
    header, length = 2 + count, 0
    for index = position + 2, position + 1 + count do
      local byte = der:byte(index)
      if byte == nil then
        return nil
      end
      length = length * 256 + byte
    end
  end
  if position + header + length - 1 > #der then
    return nil
  end
  return header + length
end

core.register_fetches("client_cert_chain", function(txn)
  local der = txn.f:ssl_c_chain_der()
  if der == nil or der == "" then
    return nil
  end
  local certificates = {}
  local position = 1
  while position <= #der do
    local length = der_length(der, position)
    if length == nil then
      return nil
    end
    certificates[#certificates + 1] = ":" .. txn.c:base64(der:sub(position, position + length - 1)) .. ":"
    position = position + length
  end
  return table.concat(certificates, ", ")
end)
