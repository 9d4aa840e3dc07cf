-- Wireshark and tshark show chatbox by this: the frames of docs/protocol.md inside TLS, once a key
-- log has taken the TLS off; the outside of MLS messages in them; and the original protocol of
-- docs/classic.md, which needs nobody's key.
--
--   wireshark -X lua_script:tools/wireshark/chatbox.lua \
--             -o tls.keylog_file:docs/captures/chatbox.keys docs/captures/chatbox.pcap
--
-- For Wireshark 4.0 and later; tested with tshark 4.0 (Lua 5.2).

local CHATBOX_PORT = 7667
local CLASSIC_PORT = 7668
local MAXIMUM_BODY = 4194304
local MAXIMUM_CLASSIC_BODY = 16777216

local tcp_stream = Field.new("tcp.stream")

local function stream_of()
    local field = tcp_stream()
    return field and field.value or 0
end

-- ------------------------------------------------------------------- MLS messages, their outside

local mls = Proto("mlsmsg", "MLS message (RFC 9420)")

local wire_formats = {
    [1] = "PublicMessage", [2] = "PrivateMessage", [3] = "Welcome", [4] = "GroupInfo",
    [5] = "KeyPackage",
}
local content_types = { [1] = "application", [2] = "proposal", [3] = "commit" }

mls.fields.version = ProtoField.uint16("mlsmsg.version", "Version")
mls.fields.wire_format =
    ProtoField.uint16("mlsmsg.wire_format", "Wire format", base.DEC, wire_formats)
mls.fields.group_id = ProtoField.bytes("mlsmsg.group_id", "Group id")
mls.fields.epoch = ProtoField.uint64("mlsmsg.epoch", "Epoch")
mls.fields.content_type =
    ProtoField.uint8("mlsmsg.content_type", "Content type", base.DEC, content_types)
mls.fields.cipher_suite = ProtoField.uint16("mlsmsg.cipher_suite", "Cipher suite", base.HEX)
mls.fields.authenticated_data =
    ProtoField.bytes("mlsmsg.authenticated_data", "Authenticated data")
mls.fields.sender_data = ProtoField.bytes("mlsmsg.encrypted_sender_data", "Encrypted sender data")
mls.fields.ciphertext = ProtoField.bytes("mlsmsg.ciphertext", "Ciphertext: no key opens it here")
mls.fields.rest = ProtoField.bytes("mlsmsg.rest", "The rest")

-- A vector with a length of variable size (RFC 9420 section 2.1.2) at an offset: where its content
-- begins, how long that is, and what comes after; nil when it does not fit.
local function vector(tvb, offset, last)
    if offset >= last then return nil end
    local first = tvb(offset, 1):uint()
    local size = ({ [0] = 1, [1] = 2, [2] = 4 })[math.floor(first / 64)]
    if not size or offset + size > last then return nil end
    local length = first % 64
    for i = 1, size - 1 do length = length * 256 + tvb(offset + i, 1):uint() end
    local start = offset + size
    if start + length > last then return nil end
    return start, length, start + length
end

-- Where the parts of a PrivateMessage are; nil when these bytes are none.
local function private_message(tvb, offset, last)
    local parts = { offset = offset }
    local next_offset
    parts.group, parts.group_length, next_offset = vector(tvb, offset + 4, last)
    if not parts.group or next_offset + 9 > last then return nil end
    parts.epoch = next_offset
    parts.content_type = next_offset + 8
    if not content_types[tvb(parts.content_type, 1):uint()] then return nil end
    next_offset = next_offset + 9
    for _, name in ipairs({ "authenticated_data", "sender_data", "ciphertext" }) do
        local start, length
        start, length, next_offset = vector(tvb, next_offset, last)
        if not start then return nil end
        parts[name], parts[name .. "_length"] = start, length
    end
    parts.last = next_offset
    return parts
end

-- Adds an MLSMessage at an offset, if there is one; returns what to call it.
local function add_mls(tvb, offset, last, tree)
    if last - offset < 6 or tvb(offset, 2):uint() ~= 1 then return nil end
    local format = tvb(offset + 2, 2):uint()
    local name = wire_formats[format]
    if not name then return nil end
    local parts = format == 2 and private_message(tvb, offset, last) or nil
    if format == 2 and not parts then return nil end
    -- GroupInfo and KeyPackage begin with the version once more.
    if format >= 4 and (last - offset < 8 or tvb(offset + 4, 2):uint() ~= 1) then return nil end
    local node = tree:add(mls, tvb(offset, (parts and parts.last or last) - offset))
    node:add(mls.fields.version, tvb(offset, 2))
    node:add(mls.fields.wire_format, tvb(offset + 2, 2))
    if format == 2 then
        node:add(mls.fields.group_id, tvb(parts.group, parts.group_length))
        node:add(mls.fields.epoch, tvb(parts.epoch, 8))
        node:add(mls.fields.content_type, tvb(parts.content_type, 1))
        for _, part in ipairs({ "authenticated_data", "sender_data", "ciphertext" }) do
            if parts[part .. "_length"] > 0 then
                node:add(mls.fields[part], tvb(parts[part], parts[part .. "_length"]))
            end
        end
        return string.format("MLS %s, epoch %s, %s", name, tvb(parts.epoch, 8):uint64(),
            content_types[tvb(parts.content_type, 1):uint()])
    elseif format == 1 then
        local group, length, next_offset = vector(tvb, offset + 4, last)
        if group and next_offset + 8 <= last then
            node:add(mls.fields.group_id, tvb(group, length))
            node:add(mls.fields.epoch, tvb(next_offset, 8))
            return string.format("MLS %s, epoch %s", name, tvb(next_offset, 8):uint64())
        end
    elseif format == 3 then
        node:add(mls.fields.cipher_suite, tvb(offset + 4, 2))
    else
        node:add(mls.fields.cipher_suite, tvb(offset + 6, 2))
    end
    node:add(mls.fields.rest, tvb(offset + 4, last - offset - 4))
    return "MLS " .. name
end

-- An MLSMessage within the first bytes of a payload: a commit's payload has its type before it.
local function find_mls(tvb, offset, last, tree)
    for at = offset, math.min(offset + 64, last - 6) do
        local found = add_mls(tvb, at, last, tree)
        if found then return found end
    end
    return nil
end

-- ------------------------------------------------------------------------------- chatbox's frames

local chatbox = Proto("chatbox", "chatbox")

local types = {
    [0x01] = "hello", [0x02] = "attach", [0x03] = "append", [0x04] = "ready", [0x05] = "knock",
    [0x06] = "answer", [0x07] = "ping", [0x08] = "leave", [0x09] = "transfer",
    [0x81] = "challenge", [0x82] = "attached", [0x83] = "appended", [0x84] = "conflict",
    [0x85] = "refused", [0x86] = "unavailable", [0x87] = "pong", [0x90] = "entry",
    [0x91] = "presence", [0x92] = "gap", [0x93] = "reset", [0x94] = "degraded",
    [0x95] = "restored", [0x96] = "knocked", [0x97] = "answered", [0x98] = "unanswered",
    [0x99] = "spliced", [0x9f] = "goodbye",
}
local kinds = { [1] = "message", [2] = "commit" }
local standings = { [1] = "founder", [2] = "newcomer", [3] = "resumed" }
local states = { [1] = "here", [2] = "away", [3] = "gone" }
local refusals = { [1] = "too large", [2] = "full" }
local goodbyes = {
    [1] = "shutting down", [2] = "protocol error", [3] = "version", [4] = "unauthorized",
    [5] = "too slow", [6] = "replaced", [7] = "timeout", [8] = "full", [9] = "left",
    [10] = "token used",
}

local f = chatbox.fields
f.length = ProtoField.uint32("chatbox.length", "Length")
f.type = ProtoField.uint8("chatbox.type", "Type", base.HEX, types)
f.said = ProtoField.string("chatbox.said", "In words")
f.body = ProtoField.bytes("chatbox.body", "Body")
f.version = ProtoField.uint16("chatbox.version", "Version")
f.agent = ProtoField.string("chatbox.agent", "Agent")
f.challenge = ProtoField.bytes("chatbox.challenge", "Challenge")
f.maximum_body = ProtoField.uint32("chatbox.maximum_body", "Longest body")
f.resume_seconds = ProtoField.uint32("chatbox.resume_seconds", "Seconds to resume")
f.access_key = ProtoField.bytes("chatbox.access_key", "Access key of the room")
f.signature = ProtoField.bytes("chatbox.signature", "Signature")
f.attachment = ProtoField.uint64("chatbox.attachment", "Attachment")
f.token = ProtoField.bytes("chatbox.token", "Token")
f.log_id = ProtoField.bytes("chatbox.log_id", "Log id")
f.sequence = ProtoField.uint64("chatbox.sequence", "Sequence number")
f.id = ProtoField.bytes("chatbox.id", "Id of the append")
f.kind = ProtoField.uint8("chatbox.kind", "Kind", base.DEC, kinds)
f.epoch = ProtoField.uint64("chatbox.epoch", "Epoch")
f.payload = ProtoField.bytes("chatbox.payload", "Payload: opaque to the server")
f.ready = ProtoField.uint8("chatbox.ready", "Ready")
f.knock = ProtoField.uint64("chatbox.knock", "Knock")
f.newcomer = ProtoField.uint64("chatbox.newcomer", "Newcomer")
f.doorkeeper = ProtoField.uint64("chatbox.doorkeeper", "Doorkeeper")
f.number = ProtoField.uint64("chatbox.number", "Number")
f.standing = ProtoField.uint8("chatbox.standing", "Standing", base.DEC, standings)
f.duplicate = ProtoField.uint8("chatbox.duplicate", "Known before")
f.refusal = ProtoField.uint8("chatbox.refusal", "Reason", base.DEC, refusals)
f.certain = ProtoField.uint8("chatbox.certain", "Certainly not appended")
f.sender = ProtoField.uint64("chatbox.sender", "Sender")
f.state = ProtoField.uint8("chatbox.state", "State", base.DEC, states)
f.through = ProtoField.uint64("chatbox.through", "Gone up to")
f.count = ProtoField.uint32("chatbox.count", "Count")
f.goodbye = ProtoField.uint8("chatbox.goodbye", "Reason", base.DEC, goodbyes)
f.spliced = ProtoField.bytes("chatbox.spliced", "Bytes of a splice: opaque to the server")

local malformed = ProtoExpert.new(
    "chatbox.malformed", "This is not as docs/protocol.md says", expert.group.MALFORMED,
    expert.severity.ERROR)
chatbox.experts = { malformed }

-- A place in a frame's body. Reading beyond the end is an error, which the caller catches.
local Reader = {}
Reader.__index = Reader

function Reader:take(size)
    if self.offset + size > self.last then error({ malformed = true }) end
    local range = self.tvb(self.offset, size)
    self.offset = self.offset + size
    return range
end

function Reader:add(field, size)
    local range = self:take(size)
    self.tree:add(field, range)
    return range
end

function Reader:vector()
    local start, length, after = vector(self.tvb, self.offset, self.last)
    if not start then error({ malformed = true }) end
    self.offset = after
    return start, length
end

function Reader:text(field)
    local start, length = self:vector()
    if length > 0 then self.tree:add(field, self.tvb(start, length)) end
end

function Reader:payload()
    local start, length = self:vector()
    if length == 0 then return nil end
    self.tree:add(f.payload, self.tvb(start, length))
    return find_mls(self.tvb, start, start + length, self.tree)
end

function Reader:optional(body)
    local presence = self:take(1):uint()
    if presence == 1 then body() elseif presence > 1 then error({ malformed = true }) end
end

function Reader:proof()
    self:add(f.access_key, 32)
    self:add(f.signature, 64)
end

function Reader:position()
    self:add(f.log_id, 16)
    self:add(f.sequence, 8)
end

function Reader:presence()
    self:add(f.attachment, 8)
    return states[self:add(f.state, 1):uint()] or "?"
end

-- What each type's body holds; a function may return what is worth saying in the list of packets.
local bodies = {
    hello = function(r) r:add(f.version, 2) r:text(f.agent) end,
    attach = function(r)
        r:proof()
        r:optional(function()
            r:add(f.attachment, 8)
            r:add(f.token, 16)
            r:position()
        end)
    end,
    append = function(r)
        r:add(f.id, 16)
        local kind = kinds[r:add(f.kind, 1):uint()]
        r:add(f.epoch, 8)
        local inside = r:payload()
        return kind, inside
    end,
    ready = function(r) r:add(f.ready, 1) end,
    knock = function(r) return r:payload() end,
    answer = function(r)
        local start, length = r:vector()
        for offset = start, start + length - 8, 8 do r.tree:add(f.knock, r.tvb(offset, 8)) end
        return r:payload()
    end,
    ping = function(r) r:add(f.number, 8) end,
    leave = function() end,
    transfer = function(r) r:proof() r:add(f.token, 16) end,
    challenge = function(r)
        r:add(f.version, 2)
        r:add(f.challenge, 32)
        r:add(f.maximum_body, 4)
        r:add(f.resume_seconds, 4)
        r:text(f.agent)
    end,
    attached = function(r)
        local standing = standings[r:add(f.standing, 1):uint()]
        r:add(f.attachment, 8)
        r:add(f.token, 16)
        r:position()
        r:add(f.epoch, 8)
        local start, length = r:vector()
        local people =
            setmetatable({ tvb = r.tvb, tree = r.tree, offset = start, last = start + length }, Reader)
        while people.offset < people.last do people:presence() end
        return standing
    end,
    appended = function(r) r:add(f.id, 16) r:add(f.sequence, 8) r:add(f.duplicate, 1) end,
    conflict = function(r) r:add(f.id, 16) r:add(f.epoch, 8) end,
    refused = function(r)
        r:add(f.id, 16)
        return refusals[r:add(f.refusal, 1):uint()]
    end,
    unavailable = function(r) r:add(f.id, 16) r:add(f.certain, 1) end,
    pong = function(r) r:add(f.number, 8) end,
    entry = function(r)
        r:add(f.sequence, 8)
        r:add(f.sender, 8)
        local kind = kinds[r:add(f.kind, 1):uint()]
        local inside = r:payload()
        return kind, inside
    end,
    presence = function(r) return r:presence() end,
    gap = function(r) r:add(f.through, 8) r:optional(function() r:add(f.count, 4) end) end,
    reset = function(r) r:position() end,
    degraded = function() end,
    restored = function() end,
    knocked = function(r) r:add(f.knock, 8) r:add(f.newcomer, 8) return r:payload() end,
    answered = function(r) r:add(f.doorkeeper, 8) return r:payload() end,
    unanswered = function() end,
    spliced = function() end,
    goodbye = function(r) return goodbyes[r:add(f.goodbye, 1):uint()] end,
}

-- By connection and direction, the packet from which on bytes are no frames but a splice's.
local splices = {}

function chatbox.init() splices = {} end

local function direction(pinfo)
    return stream_of() .. "/" .. pinfo.src_port
end

local function add_splice(tvb, pinfo, tree, offset)
    if offset >= tvb:len() then return end
    tree:add(chatbox, tvb(offset)):add(f.spliced, tvb(offset))
    pinfo.cols.info:append("[splice, " .. (tvb:len() - offset) .. " bytes] ")
end

-- Adds one frame whose body is whole; returns its name.
local function add_frame(tvb, offset, length, pinfo, tree)
    local number = tvb(offset + 4, 1):uint()
    local name = types[number]
    local node = tree:add(chatbox, tvb(offset, 4 + length))
    node:add(f.length, tvb(offset, 4))
    node:add(f.type, tvb(offset + 4, 1))
    node:add(f.body, tvb(offset + 4, length))
    if not name then
        node:add_proto_expert_info(malformed)
        pinfo.cols.info:append(string.format("[unknown frame 0x%02x] ", number))
        return nil
    end
    local reader = setmetatable(
        { tvb = tvb, tree = node, offset = offset + 5, last = offset + 4 + length }, Reader)
    local is_read, first, second = pcall(bodies[name], reader)
    local words = { name }
    if not is_read or reader.offset ~= reader.last then
        node:add_proto_expert_info(malformed)
        words[#words + 1] = "(malformed)"
    else
        if first then words[#words + 1] = first end
        if second then words[#words + 1] = "[" .. second .. "]" end
    end
    local said = table.concat(words, " ")
    node:append_text(": " .. said)
    node:add(f.said, tvb(offset + 4, 1), said):set_generated()
    pinfo.cols.info:append(said .. "; ")
    return name
end

function chatbox.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "chatbox"
    pinfo.cols.info:clear()
    local from = splices[direction(pinfo)]
    if from and pinfo.number > from then
        add_splice(tvb, pinfo, tree, 0)
        return tvb:len()
    end
    local offset = 0
    while offset < tvb:len() do
        local left = tvb:len() - offset
        local length = left >= 4 and tvb(offset, 4):uint() or nil
        if length and (length == 0 or length > MAXIMUM_BODY) then
            tree:add(chatbox, tvb(offset)):add_proto_expert_info(malformed)
            return tvb:len()
        end
        if not length or left < 4 + length then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = length and 4 + length - left or DESEGMENT_ONE_MORE_SEGMENT
            return tvb:len()
        end
        local name = add_frame(tvb, offset, length, pinfo, tree)
        offset = offset + 4 + length
        -- What a client says behind transfer, and a server behind spliced, is the other end's.
        if name == "transfer" or name == "spliced" then
            if not pinfo.visited then splices[direction(pinfo)] = pinfo.number end
            add_splice(tvb, pinfo, tree, offset)
            return tvb:len()
        end
    end
    return tvb:len()
end

DissectorTable.get("tls.alpn"):add("chatbox/1", chatbox)
DissectorTable.get("tls.port"):add(CHATBOX_PORT, chatbox)
DissectorTable.get("tcp.port"):add(CHATBOX_PORT, Dissector.get("tls"))
DissectorTable.get("tcp.port"):add_for_decode_as(chatbox)

-- ----------------------------------------------------------------------------- the original protocol

local classic = Proto("classic", "chatbox classic (insecure)")
local classic_kinds = { M = "message", F = "piece of a file" }

classic.fields.number = ProtoField.uint8("classic.number", "Number, in the clear")
classic.fields.key = ProtoField.uint8("classic.key", "Key: the number less 10")
classic.fields.kind = ProtoField.string("classic.kind", "Kind")
classic.fields.length = ProtoField.uint32("classic.length", "Length")
classic.fields.body = ProtoField.bytes("classic.body", "Body, XORed")
classic.fields.text = ProtoField.string("classic.text", "Text, with the XOR undone", base.UNICODE)

classic.prefs.key = Pref.uint(
    "Key", 256, "For captures that began after the number was sent: 0 to 255, 256 for none")

-- By connection, and by server for connections that began earlier.
local keys = {}

function classic.init() keys = {} end

local function xor(a, b)
    local result, bit = 0, 1
    for _ = 1, 8 do
        if a % 2 ~= b % 2 then result = result + bit end
        a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
    end
    return result
end

-- The body without the XOR, as bytes that Wireshark can show by themselves.
local function undone(range, key)
    local bytes = range:bytes()
    local table_of_key = {}
    for i = 0, bytes:len() - 1 do
        local byte = bytes:get_index(i)
        table_of_key[byte] = table_of_key[byte] or xor(byte, key)
        bytes:set_index(i, table_of_key[byte])
    end
    return bytes:tvb("Without the XOR")
end

-- Adds the line of the number; returns where it ends, or nil.
local function add_number(tvb, pinfo, tree, server)
    local text = tvb(0, math.min(4, tvb:len())):string()
    local digits = text:match("^(%d+)\n")
    local number = digits and tonumber(digits)
    if not number or number > 255 then return nil end
    local key = (number - 10) % 256
    keys[stream_of()], keys[server] = key, key
    local node = tree:add(classic, tvb(0, #digits + 1))
    node:add(classic.fields.number, tvb(0, #digits), number)
    node:add(classic.fields.key, tvb(0, #digits), key):set_generated()
    pinfo.cols.info:append(string.format("number %d, so the key is %d; ", number, key))
    return #digits + 1
end

local function add_message(tvb, offset, kind, length, pinfo, tree, server)
    local node = tree:add(classic, tvb(offset, 10 + length))
    node:add(classic.fields.kind, tvb(offset, 1), classic_kinds[kind])
    node:add(classic.fields.length, tvb(offset + 1, 9), length)
    pinfo.cols.info:append(string.format("%s of %d bytes", classic_kinds[kind], length))
    if length > 0 then
        node:add(classic.fields.body, tvb(offset + 10, length))
        local key = keys[stream_of()] or keys[server]
        if not key and classic.prefs.key < 256 then key = classic.prefs.key end
        if key then
            local plain = undone(tvb(offset + 10, length), key)
            local shown = plain(0, math.min(length, 1024))
            node:add(classic.fields.text, shown):set_generated()
            if kind == "M" then
                pinfo.cols.info:append(" (" .. shown:string(ENC_UTF_8):gsub("%c", ".") .. ")")
            end
        end
    end
    pinfo.cols.info:append("; ")
end

function classic.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "classic"
    pinfo.cols.info:clear()
    local is_server = pinfo.src_port == pinfo.match_uint
    local server = is_server and (tostring(pinfo.src) .. ":" .. pinfo.src_port)
        or (tostring(pinfo.dst) .. ":" .. pinfo.dst_port)
    local offset = is_server and add_number(tvb, pinfo, tree, server) or 0
    while offset < tvb:len() do
        local left = tvb:len() - offset
        if left < 10 then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            return tvb:len()
        end
        local kind, digits = tvb(offset, 10):string():match("^([MF])(%d+) *$")
        local length = digits and tonumber(digits)
        if not length or length > MAXIMUM_CLASSIC_BODY then
            tree:add(classic, tvb(offset)):append_text(": not understood")
            return tvb:len()
        end
        if left < 10 + length then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = 10 + length - left
            return tvb:len()
        end
        add_message(tvb, offset, kind, length, pinfo, tree, server)
        offset = offset + 10 + length
    end
    return tvb:len()
end

DissectorTable.get("tcp.port"):add(CLASSIC_PORT, classic)
